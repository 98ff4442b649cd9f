package drive

import (
	"fmt"
	"os"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
)

// What a load needs beside its connections: files of ours that come while it
// runs, and the second descriptor of each connection that is being opened.
const (
	spareFiles   = 16
	processFiles = 4 // pipes and the handle of a child
	usualFiles   = 32
)

// bounds are what a machine lets one process have. What it doesn't say is 0, and bounds
// nothing.
type bounds struct {
	files uint64 // open files at most
	open  int    // of them are open already
	ports int    // connections with one address at most
}

// boundsHere are those of this machine and this process.
func boundsHere() bounds { return bounds{files: mostFiles(), open: filesOpen(), ports: localPorts()} }

// fits refuses a load whose connections need more open files or local ports than
// a machine has. Connections that are only a bound, which nobody asked for and the
// load may never come to, are left to the run. A session that listens to its
// server's own stream holds a connection for it, whatever calls need.
func (j *Job) fits(transport wire.Transport, listens bool, has bounds) error {
	conns, what := 0, ""
	if j.Sized || j.Shape.Max {
		conns, what = j.Connections, words.Count(j.Connections, "connection")
	}
	own := j.Part.Count(j.Sessions)
	if listens && transport != wire.Stdio {
		conns += own
		what = strings.TrimPrefix(what+" and "+words.Count(own, "session")+" that listen to the server's own stream",
			" and ")
	}
	files := conns
	switch transport {
	case wire.Stdio:
		files, what = processFiles*j.Processes, words.Count(j.Processes, "process")
	case wire.InProcess:
		return nil
	case wire.SSE:
		conns += own
		files, what = conns, words.Count(own, "session")+" over SSE, each of which holds a connection,"
	}
	if j.Kind == target.Mock && transport != wire.Stdio {
		files *= 2 // both ends are ours
	}
	if files == 0 {
		return nil
	}
	advice := "ask for fewer, or "
	if listens {
		advice += "leave the streams alone (--get-stream off), or "
	}
	if all := files + has.open + spareFiles; has.files > 0 && uint64(all) > has.files {
		return hint.New(fmt.Errorf("%s need about %d open files, and this process may have %d", what, all, has.files),
			advice+"raise the hard limit (ulimit -Hn; LimitNOFILE= of a service; --ulimit nofile= of a container)")
	}
	dials := j.Kind == target.URL && j.Options.Socket == "" && transport != wire.Stdio
	if has.ports > 0 && dials && conns > has.ports {
		return hint.New(fmt.Errorf("%s need %d local ports, and this machine has %d of them for one server", what,
			conns, has.ports), "ask for fewer, or widen net.ipv4.ip_local_port_range")
	}
	return nil
}

// filesOpen is how many files we have open now.
func filesOpen() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return usualFiles // not on this system
	}
	return len(list)
}

// localPorts is how many connections this machine can have with one address; 0 where it
// doesn't say.
func localPorts() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	return portsOf(string(text))
}

func portsOf(text string) int {
	var from, to int
	if _, err := fmt.Sscan(text, &from, &to); err != nil || to < from {
		return 0
	}
	return to - from + 1
}
