package catalogue

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results/export"
)

// An AskedKey is a credential that is to be checked, in the words of the flags that its
// errors name. It is never a flag's value.
type AskedKey struct {
	Provider string
	Env      string // variable that holds it
	File     string // of the caller's own providers

	Look  invoked.Lookup
	Stdin io.Reader
}

// Check says if the value can be what its provider issues.
func (k AskedKey) Check(args []string, strict bool) (rows export.Rows, ok bool, err error) {
	p, value, set, err := k.value(args)
	if err != nil {
		return rows, false, err
	}
	result := p.Check(value)
	if !set {
		result = apikey.Result{Verdict: apikey.Missing, Detail: "is not set"}
	}
	return Checked(p, cmp.Or(k.Env, "stdin"), value, result), result.OK(strict), nil
}

// meant is the question which provider was likely meant; empty: none is like it.
func meant(name string, own []apikey.Provider) string {
	var names []string
	for _, p := range append(apikey.Providers(), own...) {
		names = append(names, p.Name())
	}
	return profiles.Meant(name, names)
}

// value reads the value that is asked about.
func (k AskedKey) value(args []string) (p apikey.Provider, value string, set bool, err error) {
	if invoked.LooksLikeKey(k.Env) || invoked.LooksLikeKey(k.Provider) {
		return p, "", false, hint.New(errors.New("a flag holds what looks like a credential, which is never taken "+
			"from the command line"),
			"others can read it in the list of processes, so treat it as leaked; --env takes the name of a variable")

	}
	if k.Provider == "" {
		return p, "", false, hint.New(errors.New("no provider is named"), "name one with --provider; mcpload keys "+
			"providers lists them")
	}
	own, err := OwnProviders(k.File)
	if err != nil {
		return p, "", false, err
	}
	p, err = apikey.LookupIn(own, k.Provider)
	if err != nil {
		return p, "", false, hint.New(err, meant(k.Provider, own)+"mcpload keys providers says what each is; "+
			"--provider-file adds your own")
	}
	stdin := len(args) == 1 && args[0] == "-"
	switch {
	case len(args) == 1 && !stdin:
		return p, "", false, hint.New(errors.New("a value isn't taken from the command line, where others can read "+
			"it"), "it comes from a variable (--env NAME) or from stdin (-)")
	case stdin == (k.Env != ""):
		return p, "", false, hint.New(errors.New("no value is given, or two"), "either --env NAME or - for stdin")
	case !stdin:
		value, set = k.Look(k.Env)
		return p, value, set, nil
	}
	const most = 1 << 20 // no credential is so long, and Check says so
	text, err := io.ReadAll(io.LimitReader(k.Stdin, most))
	if err != nil {
		return p, "", false, err
	}
	// What writes a line ends it; anything else around the value is its own.
	return p, strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), true, nil
}

// OwnProviders reads a file of providers, and says what is wrong with them. No file has
// none.
func OwnProviders(file string) ([]apikey.Provider, error) {
	if file == "" {
		return nil, nil
	}
	list, err := profiles.ReadProviders(file)
	if err != nil {
		return nil, err
	}
	own, err := mock.Compiled(list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return own, nil
}

// Scanner is what texts are searched with: the known families, those of a file, and the
// values of variables.
func Scanner(env []string, file string, look invoked.Lookup) (*apikey.Redactor, error) {
	var values []string
	for _, name := range env {
		if invoked.LooksLikeKey(name) {
			return nil, hint.New(errors.New("a flag holds what looks like a credential"), "--env takes the name of a "+
				"variable")
		}
		value, ok := look(name)
		if !ok || strings.TrimSpace(value) == "" {
			return nil, hint.New(fmt.Errorf("the variable %s is not set or blank", name), "without its value there "+
				"is nothing to look for")
		}
		values = append(values, value)
	}
	own, err := OwnProviders(file)
	if err != nil {
		return nil, err
	}
	return apikey.NewRedactor(values...).WithProviders(own...), nil
}

// Scan searches a file, or stdin for -, and writes what it finds: as it finds it, if people
// read that.
func Scan(name string, stdin io.Reader, out io.Writer, format export.Format[export.Rows], r *apikey.Redactor) (
	found bool, err error) {
	src := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return false, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return false, hint.New(fmt.Errorf("%s is a folder, and one file is looked through at a time", name),
				"find "+invoked.Quoted(name)+" -type f -exec mcpload keys scan {} \\; looks through all that is in it")
		}
		src = f
	}
	// A text of any size is gone through within 64 MiB, which includes what is garbage.
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	list, people := Scanned{File: name, Found: []FoundKey{}}, format.Name == "text"
	err = r.Scan(src, func(p apikey.Place) (err error) {
		if found = true; people {
			_, err = io.WriteString(out, Found(name, p))
		} else {
			list.Add(p)
		}
		return err
	})
	switch {
	case err != nil:
	case !people:
		err = format.Write(out, list.Rows())
	case !found:
		_, err = io.WriteString(out, name+": no credential found\n")
	}
	return found, err
}
