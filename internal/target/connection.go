package target

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/wire"
)

// A Connection says how HTTP connections are made, in the words of the flags that its
// errors name. The zero value makes them as usual.
type Connection struct {
	HTTP      string // its version: 1.1 or 2
	Insecure  bool
	CACert    string
	Cert, Key string
	Socket    string
	Proxy     string
}

// Given names one of the flags that was given; empty where none was.
func (c *Connection) Given() string {
	for _, flag := range []struct {
		name  string
		given bool
	}{{"http", c.HTTP == "2"}, {"insecure", c.Insecure}, {"cacert", c.CACert != ""}, {"cert", c.Cert != ""},
		{"key", c.Key != ""}, {"unix-socket", c.Socket != ""}, {"proxy", c.Proxy != ""}} {
		if flag.given {
			return flag.name
		}
	}
	return ""
}

// Apply puts it into the wire's options. The token's source, if there is one, reaches whom it
// asks likewise.
func (c *Connection) Apply(o *wire.Options) error {
	switch c.HTTP {
	case "", "1.1":
	case "2":
		o.HTTP2 = true
	default:
		return fmt.Errorf("--http %q is neither 1.1 nor 2", c.HTTP)
	}
	if c.Proxy != "" {
		u, err := url.Parse(c.Proxy)
		if err != nil || u.Host == "" {
			// The address may hold a password, so that it isn't repeated.
			return hint.New(fmt.Errorf("--proxy is no URL of a proxy"), "such as http://127.0.0.1:3128 or "+
				"socks5://127.0.0.1:1080")
		}
		o.Proxy = u
	}
	if c.Socket != "" && c.Proxy != "" {
		return fmt.Errorf("--unix-socket and --proxy exclude each other")
	}
	o.Socket = c.Socket
	err := c.secure(o)
	trust(o)
	return err
}

// secure reads the certificates.
func (c *Connection) secure(o *wire.Options) error {
	if !c.Insecure && c.CACert == "" && c.Cert == "" {
		if c.Key != "" {
			return fmt.Errorf("--key needs a --cert")
		}
		return nil
	}
	t := &tls.Config{InsecureSkipVerify: c.Insecure}
	if c.CACert != "" {
		pool, err := invoked.Authorities(c.CACert)
		if err != nil {
			return err
		}
		t.RootCAs = pool
	}
	if c.Cert != "" {
		key := c.Key
		if key == "" {
			key = c.Cert
		}
		pair, err := keyPair(c.Cert, key)
		if err != nil {
			return fmt.Errorf("--cert %s: %w", c.Cert, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	o.TLS = t
	return nil
}

// keyPair reads a certificate and its key.
func keyPair(cert, key string) (tls.Certificate, error) {
	first, err := invoked.File(cert, invoked.MostGiven)
	if err != nil {
		return tls.Certificate{}, err
	}
	second, err := invoked.File(key, invoked.MostGiven)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(first, second)
}

// trust has tokens got over connections like the server's.
func trust(o *wire.Options) {
	s, ok := o.Bearer.(*bearer.Source)
	if !ok {
		return
	}
	if c, ok := s.Getter().(*bearer.Client); ok {
		t := http.DefaultTransport.(*http.Transport).Clone()
		if t.TLSClientConfig, t.Proxy = o.TLS.Clone(), nil; o.Proxy != nil {
			t.Proxy = http.ProxyURL(o.Proxy)
		}
		c.HTTP = &http.Client{Transport: t, Timeout: 30 * time.Second}
	}
}
