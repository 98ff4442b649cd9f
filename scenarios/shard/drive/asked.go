package drive

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"

	"go.yaml.in/yaml/v4"
)

// HandedOut is the plan of a command line, with the files that it names.
func HandedOut(args []string) (Plan, error) {
	plan := Plan{Files: map[string]string{}}
	if err := StartsNothing(args); err != nil {
		return plan, err
	}
	for _, arg := range args {
		if file, ok := strings.CutPrefix(arg, "--mix="); ok {
			plan.Args = append(plan.Args, "--mix", file)
			continue
		}
		plan.Args = append(plan.Args, arg)
	}
	at := slices.Index(plan.Args, "--mix")
	if at < 0 || at+1 == len(plan.Args) {
		return plan, nil
	}
	mix := plan.Args[at+1]
	text, err := invoked.File(mix, invoked.MostGiven)
	if err != nil {
		return plan, err
	}
	plan.Args[at+1] = filepath.Base(mix)
	plan.Files[filepath.Base(mix)] = string(text)
	var named struct {
		Data map[string]string `yaml:"data"`
	}
	if yaml.NewDecoder(bytes.NewReader(text)).Decode(&named) != nil {
		return plan, nil // the workers say what is wrong with it
	}
	for _, name := range named.Data {
		if name != filepath.Base(name) {
			return plan, fmt.Errorf("%s names the data file %s: for workers it must stand beside the plan", mix, name)
		}
		text, err := invoked.File(filepath.Join(filepath.Dir(mix), name), invoked.MostGiven)
		if err != nil {
			return plan, err
		}
		plan.Files[name] = string(text)
	}
	return plan, nil
}

// handed are the commands that a coordinator hands out, and the flags that it doesn't.
var (
	handed    = []string{"load", "run", "conform"}
	notHanded = map[string]string{
		"live": "starts a server on every worker", "bearer-command": "starts a command on every worker: name a " +
			"variable with --bearer-env", "shard": "is the coordinator's to give",
		"start-at": "is the coordinator's to give",
		"results":  "is given to coordinate and work", "no-store": "would lose the shard",
		"output": "is given to coordinate",
		"format": "is given to coordinate", "save-history": "is given to coordinate", "hgrm": "is of the whole, " +
			"which coordinate shows",
		"find": "makes a new plan of each answer", "replay": "names a file of this machine",
		"profiles": "names a folder of this machine",
		"baseline": "names a file of this machine", "restart": "starts a command on every worker",
		"conform-fault": "is of a mock",
		"quarantine":    "names a file of this machine", "dry-run": "sends nothing",
		"abort-on": "would end one shard " +
			"without the others", "all": "is a run of mocks",
		"virtual": "has no machines",
	}
)

// StartsNothing refuses a plan that is more than a load, run or conform of a URL.
func StartsNothing(args []string) error {
	if len(args) == 0 || !slices.Contains(handed, args[0]) {
		return hint.New(errors.New("a coordinator hands out a load, a run or a conform"),
			"mcpload coordinate --shards 3 -- load --url …")
	}
	url := false
	for i, arg := range args[1:] {
		if arg == "--" {
			return errors.New("a plan for workers starts no command: give the --url of a server that runs")
		}
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-o") {
			name = "output"
		}
		url = url || name == "url"
		next := args[min(i+2, len(args)-1)]
		if name == "answer" && (strings.Contains(arg, "=sampling=") || strings.HasPrefix(next, "sampling=")) {
			return errors.New("--answer sampling=FILE would have every worker send a file of its own")
		}
		if why, no := notHanded[name]; no {
			return fmt.Errorf("--%s %s", name, why)
		}
	}
	if !url {
		return errors.New("a plan for workers needs the --url of a server that all of them reach")
	}
	return nil
}

// loopback reports if a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// At is the address of a coordinator as a URL: TLS, unless it is this machine.
func At(addr string) (string, error) {
	scheme, rest, given := strings.Cut(addr, "://")
	if !given {
		rest = addr
	}
	host, port, err := net.SplitHostPort(strings.TrimSuffix(rest, "/"))
	switch {
	case err != nil || host == "" || port == "":
		return "", hint.New(fmt.Errorf("%q is no address of a coordinator", addr), "host:port, as mcpload "+
			"coordinate says")
	case !given && loopback(host):
		scheme = "http"
	case !given:
		scheme = "https"
	case scheme != "https" && !(scheme == "http" && loopback(host)):
		return "", hint.New(fmt.Errorf("%q is neither https nor on this machine: the token would be read on its way",
			addr), "leave the scheme out")
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// Listen opens the address that workers come to: with a certificate, or on this machine
// alone.
func Listen(addr, certFile, keyFile string) (net.Listener, *tls.Certificate, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr %q is no host:port", addr)
	}
	var cert *tls.Certificate
	switch {
	case certFile != "":
		pair, err := tls.LoadX509KeyPair(certFile, cmp.Or(keyFile, certFile))
		if err != nil {
			return nil, nil, fmt.Errorf("--cert: %w", err)
		}
		cert = &pair
	case !loopback(host):
		return nil, nil, hint.New(fmt.Errorf("--addr %s can be reached from other machines, and without TLS the "+
			"token can be read on its way", addr),
			"give --cert and --key, or an address on this machine such as 127.0.0.1:7070")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr: %w", err)
	}
	return l, cert, nil
}

// NewName is a name that nobody else has.
func NewName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// Unpacked is the command line of a part of the plan, whose files are written into a
// folder.
func (p Plan) Unpacked(dir string) ([]string, error) {
	if err := StartsNothing(p.Args); err != nil {
		return nil, err
	}
	for name, text := range p.Files {
		if name != filepath.Base(name) || name == "." || name == ".." {
			return nil, fmt.Errorf("the coordinator's plan has a file %q, which is no plain name", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	args := slices.Clone(p.Args)
	for i, arg := range args {
		if i > 0 && args[i-1] == "--mix" {
			args[i] = filepath.Join(dir, filepath.Base(arg))
		}
	}
	return args, nil
}
