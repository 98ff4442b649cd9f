package mock

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// unlikeFree is the fault that forms of requests show.
const unlikeFree = "unlike-calls-free"

// unlike reports of requests, but for those that open sessions or ask for a tool that there
// isn't, if they are written in another way than the first of their method was.
func unlike() func(Request) bool {
	first := map[string]string{}
	return func(r Request) bool {
		if r.Method == "initialize" || r.Fails && !r.Spelled {
			return false
		}
		if _, seen := first[r.Method]; !seen {
			first[r.Method] = r.Form
		}
		return r.Form != first[r.Method]
	}
}

// formOf is how a request is written: all of it but for what differs from call to call anyway,
// which are numbers of ids and of sessions.
func formOf(r *http.Request, body []byte, m message) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	small := ""
	if conn, ok := r.Context().Value(heardKey{}).(*heard); ok && conn.small.Load() {
		small = "names in small letters"
	}
	parts := []string{r.Method, r.Proto, r.RequestURI, r.Host, host, small, strings.Join(r.TransferEncoding, ",")}
	for name, values := range r.Header {
		value := strings.Join(values, ", ")
		if name == "Mcp-Session-Id" {
			value = digits.ReplaceAllString(value, "x") // those that are given look alike
		}
		if name != "Content-Length" {
			parts = append(parts, name+": "+value)
		}
	}
	slices.Sort(parts[7:])
	id := []byte(`"id":` + string(m.ID))
	return fmt.Sprintf("%q %s", parts, bytes.Replace(body, id, []byte(`"id":`+idKind(string(m.ID))), 1))
}

// digits are those of ids.
var digits = regexp.MustCompile("[0-9a-f]")

// unpacked is a body that came in gzip or deflate; another one, or one that is broken, is as it
// came.
func unpacked(r *http.Request, body []byte) []byte {
	var plain io.ReadCloser
	var err error
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		plain, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		plain, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	if err != nil {
		return body
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxMessage))
	if err != nil || plain.Close() != nil {
		return body
	}
	return text
}

// mostIDs is how far ids go that are counted from 1.
const mostIDs = 15_000_000

// idKind is of what kind an id is.
func idKind(id string) string {
	switch n, err := strconv.ParseFloat(id, 64); {
	case err != nil:
		return fmt.Sprintf("text of %d bytes", len(id)/1024)
	case n < 0:
		return "negative"
	case n != math.Trunc(n):
		return "fraction"
	case n > 1<<50:
		return "huge"
	case n > mostIDs:
		return "large"
	}
	return "number"
}

// heard is a connection that tells if names of headers come in small letters, and in which order
// they come, which Go's server doesn't.
type heard struct {
	net.Conn
	small atomic.Bool
	order atomic.Value // of the headers that every request has: their names
}

type heardKey struct{}

// Read implements net.Conn.
func (h *heard) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	if at := bytes.Index(b[:n], []byte(" HTTP/1.")); at >= 0 {
		h.small.Store(bytes.Contains(b[at:n], []byte("\r\ncontent-type:")))
		h.order.Store(orderOf(b[at:n]))
	}
	return n, err
}

// orderOf is the order of those headers in the text of a request that every one has.
func orderOf(text []byte) string {
	head, _, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	var names []string
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		name, _, _ := strings.Cut(strings.ToLower(string(line)), ":")
		if slices.Contains([]string{"host", "user-agent", "accept", "content-type", "content-length"}, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// A hearing listener's connections are heard.
type hearing struct{ net.Listener }

// Accept implements net.Listener.
func (l hearing) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &heard{Conn: conn}, nil
}

// hears has handlers know the connection that a request came by.
func hears(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, heardKey{}, conn)
}
