package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
)

var errNoOldHTTP = errors.New("HTTP/1.0 is spoken without a proxy, and not beside HTTP/2")

// carryOld sends a request as HTTP/1.0, on a connection of its own, as its transport makes
// them. Of the reply at most so many bytes are read.
func carryOld(t connector, q *http.Request, most int) (*http.Response, error) {
	own, ok := t.(*http.Transport)
	if !ok {
		return nil, errNoOldHTTP
	}
	if own.Proxy != nil {
		if to, err := own.Proxy(q); err != nil || to != nil {
			return nil, errors.Join(err, errNoOldHTTP)
		}
	}
	c, err := connectOld(q.Context(), own, q.URL)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(q.Context(), func() { _ = c.Close() }) // whoever reads sees that it ended
	resp, err := overOld(c, q, most)
	if err != nil {
		stop()
		return nil, errors.Join(err, context.Cause(q.Context()), c.Close())
	}
	resp.Body = parting{resp.Body, c, stop}
	return resp, nil
}

// connectOld makes a connection as a transport does.
func connectOld(ctx context.Context, t *http.Transport, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	c, err := t.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme != "https" {
		return c, err
	}
	config := t.TLSClientConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	secure := tls.Client(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return secure, nil
}

// overOld writes a request with the older version in its first line, and reads the head of
// the reply.
func overOld(c net.Conn, q *http.Request, most int) (*http.Response, error) {
	var b bytes.Buffer
	if err := q.Write(&b); err != nil {
		return nil, err
	}
	text := b.Bytes()
	line := bytes.IndexByte(text, '\n')
	copy(text[bytes.LastIndex(text[:line], []byte("HTTP/1.1")):], "HTTP/1.0")
	if trace := httptrace.ContextClientTrace(q.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c})
	}
	if _, err := c.Write(text); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(io.LimitReader(c, int64(maxReplyHead+most))), q)
}

// A parting body closes its connection.
type parting struct {
	io.ReadCloser
	conn net.Conn
	stop func() bool
}

// Close implements io.Closer.
func (e parting) Close() error {
	e.stop()
	return errors.Join(e.ReadCloser.Close(), e.conn.Close())
}
