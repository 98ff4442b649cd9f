//go:build linux

// Canned is a server that costs as little as a server can: one thread, and the
// same reply for every request, but for its id. Against it a load generator's
// own cost shows. It speaks just enough of streamable HTTP: the handshake of
// the session era, and one reply to everything else.
//
// It prints its URL and serves until it is killed; with the argument stdio it
// speaks on its pipes, until they close.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	result     = `{"content":[{"type":"text","text":"hi"}]}`
	initialize = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"canned","version":"1"}}`
	tools      = `{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}`
	frame      = len(`{"jsonrpc":"2.0","id":,"result":}`)
	// The word initialize is what tells a handshake from a call.
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "stdio" {
		if err := pipes(os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	listener, err := listen()
	if err != nil {
		log.Fatal(err)
	}
	name, err := unix.Getsockname(listener)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://127.0.0.1:%d/mcp\n", name.(*unix.SockaddrInet4).Port)
	log.Fatal(serve(listener))
}

// pipes answers every line that has come with one write.
func pipes(stdin io.Reader, stdout io.Writer) error {
	in, out, kept := make([]byte, 64<<10), []byte(nil), 0
	for {
		n, err := stdin.Read(in[kept:])
		data := in[:kept+n]
		out = out[:0]
		for {
			end := bytes.IndexByte(data, '\n')
			if end < 0 {
				break
			}
			if id, value := value(data[:end]); id != nil {
				out = append(message(out, id, value), '\n')
			}
			data = data[end+1:]
		}
		kept = copy(in, data)
		if len(out) > 0 {
			if _, err := stdout.Write(out); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func listen() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	return fd, unix.Listen(fd, 4096)
}

func serve(listener int) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	watch := func(fd int) error {
		return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
	if err := watch(listener); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, 256)
	in := make([]byte, 64<<10)
	kept := map[int][]byte{}
	var out []byte
	for {
		n, err := unix.EpollWait(epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			fd := int(e.Fd)
			if fd == listener {
				if c, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC); err == nil {
					// without it a reply is late, which the comparison shows
					_ = unix.SetsockoptInt(c, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
					// a client that isn't watched gets no reply, and says so
					_ = watch(c)
				}
				continue
			}
			n, err := unix.Read(fd, in)
			if err == unix.EAGAIN {
				continue
			}
			if n <= 0 {
				delete(kept, fd)
				_ = unix.Close(fd) // the client is gone already
				continue
			}
			data := in[:n]
			if old := kept[fd]; len(old) > 0 {
				data = append(old, data...)
				delete(kept, fd)
			}
			var rest []byte
			if out, rest = answer(out[:0], data); len(rest) > 0 {
				kept[fd] = append([]byte(nil), rest...)
			}
			if len(out) > 0 {
				_, _ = unix.Write(fd, out)
			}
		}
	}
}

var (
	lengthName = []byte("\r\nContent-Length: ")
	lowLength  = []byte("\r\ncontent-length: ")
	idName     = []byte(`"id":`)
)

// answer answers every whole request in data, and returns what is left.
func answer(out, data []byte) ([]byte, []byte) {
	for len(data) > 0 {
		end := bytes.Index(data, []byte("\r\n\r\n"))
		if end < 0 {
			break
		}
		head := data[:end]
		at := bytes.Index(head, lengthName)
		if at < 0 {
			at = bytes.Index(head, lowLength)
		}
		length := 0
		for i := at + len(lengthName); at >= 0 && i < len(head) && '0' <= head[i] && head[i] <= '9'; i++ {
			length = 10*length + int(head[i]-'0')
		}
		if len(data) < end+4+length {
			break
		}
		out = reply(out, data[end+4:end+4+length])
		data = data[end+4+length:]
	}
	return out, data
}

func reply(out, body []byte) []byte {
	id, value := value(body)
	if id == nil {
		return append(out, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"...)
	}
	out = append(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"...)
	if value == initialize {
		out = append(out, "Mcp-Session-Id: 1\r\n"...)
	}
	out = append(out, "Content-Length: "...)
	out = strconv.AppendInt(out, int64(frame+len(id)+len(value)), 10)
	out = append(out, "\r\n\r\n"...)
	return message(out, id, value)
}

// value returns the id of a request, and the result that it gets. The id is nil
// where nothing is to be answered.
func value(body []byte) (id []byte, value string) {
	at := bytes.Index(body, idName)
	if at < 0 {
		return nil, ""
	}
	id = body[at+len(idName):]
	id = id[:max(bytes.IndexAny(id, ",}"), 0)]
	switch {
	case bytes.Contains(body, []byte(`"initialize"`)):
		return id, initialize
	case bytes.Contains(body, []byte(`"tools/list"`)):
		return id, tools
	}
	return id, result
}

// message appends a response.
func message(out, id []byte, value string) []byte {
	out = append(out, `{"jsonrpc":"2.0","id":`...)
	out = append(out, id...)
	out = append(out, `,"result":`...)
	out = append(out, value...)
	return append(out, '}')
}
