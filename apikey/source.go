package apikey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The suffix by which Docker and Kubernetes name files with secrets in them, and
// the variable in which systemd names the folder of LoadCredential=.
const (
	fileSuffix  = "_FILE"
	systemdHome = "CREDENTIALS_DIRECTORY"
)

// A sourced value is one of a credential, and where it came from.
type sourced struct {
	value string
	set   bool
	from  string // the variable or the file, where it isn't the credential's own variable
	fault string // why there is none although somebody said where
}

// source finds a credential's value: in its variable, else in the file that
// NAME_FILE names, else in the folder of systemd's credentials, by its name in
// either case.
func (s Spec) source(env string, lookup func(string) (string, bool)) sourced {
	value, ok := lookup(env)
	if s.NoFiles {
		return sourced{value: value, set: ok}
	}
	name, named := lookup(env + fileSuffix)
	named = named && strings.TrimSpace(name) != ""
	switch {
	case ok && named && value != "":
		return sourced{value: value, set: true, fault: "and " + env + fileSuffix +
			" are both set; nobody can tell which is meant"}
	case ok && value != "":
		return sourced{value: value, set: true}
	case named:
		text, err := s.read(name)
		if err != nil {
			return sourced{from: env + fileSuffix, fault: "is in a file that can't be read: " + reason(err)}
		}
		return sourced{value: text, set: true, from: env + fileSuffix}
	}
	if home, there := lookup(systemdHome); there && home != "" {
		for _, name := range []string{env, strings.ToLower(env)} {
			text, err := s.read(filepath.Join(home, name))
			if err == nil {
				return sourced{value: text, set: true, from: systemdHome}
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return sourced{from: systemdHome, fault: "is in a credential of systemd that can't be read: " +
					reason(err)}
			}
		}
	}
	return sourced{value: value, set: ok}
}

// reason is why a file couldn't be read, without its name, which may be a secret
// in the wrong place.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return "it can't be opened"
}

var errTooLong = errors.New("it is longer than any credential")

// read reads a file, without the one line break that editors and echo put at its
// end.
func (s Spec) read(name string) (string, error) {
	read := s.ReadFile
	if read == nil {
		read = readBounded
	}
	text, err := read(name)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

// readBounded reads no more of a file than a value may have, and no device or
// pipe, which might never end.
func readBounded(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is no file")}
	case info.Size() > longest+2:
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooLong}
	}
	return os.ReadFile(name)
}
