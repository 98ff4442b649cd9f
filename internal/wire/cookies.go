package wire

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
)

// The cookies of a session: load balancers tell by them which server has it. They
// go back to the origin that set them, and to no other.
type cookies struct {
	jar   *cookiejar.Jar
	turns atomic.Int64 // how often any were set
}

// newCookies returns a jar for a session. Nil where the caller sends cookies of
// its own: these are not to be mixed.
func newCookies(header http.Header) *cookies {
	if header.Get("Cookie") != "" {
		return nil
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("internal error: wire: no jar: " + err.Error())
	}
	return &cookies{jar: jar}
}

// keep keeps what a reply sets.
func (c *cookies) keep(at *url.URL, header http.Header) {
	if c == nil || at == nil || len(header["Set-Cookie"]) == 0 {
		return
	}
	c.jar.SetCookies(at, (&http.Response{Header: header}).Cookies())
	c.turns.Add(1)
}

// line is the value of the header Cookie for an address; empty where there is none.
func (c *cookies) line(at *url.URL) string {
	if c == nil || c.turns.Load() == 0 {
		return ""
	}
	var parts []string
	for _, one := range c.jar.Cookies(at) {
		parts = append(parts, one.Name+"="+one.Value)
	}
	return strings.Join(parts, "; ")
}
