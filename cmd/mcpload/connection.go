package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
)

// connectionFlags say how HTTP connections are made.
type connectionFlags struct {
	http      string
	insecure  bool
	caCert    string
	cert, key string
	socket    string
	proxy     string
}

func (f *connectionFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.http, "http", "1.1", "HTTP `version`: 1.1, or 2 (without TLS by prior knowledge)")
	flags.BoolVar(&f.insecure, "insecure", false, "don't check the server's certificate")
	flags.StringVar(&f.caCert, "cacert", "", "PEM `file` of the authorities to trust, in place of the system's")
	flags.StringVar(&f.cert, "cert", "", "PEM `file` with our certificate")
	flags.StringVar(&f.key, "key", "", "PEM `file` with its private key (default: the --cert file)")
	flags.StringVar(&f.socket, "unix-socket", "", "connect to this unix socket `path`, whatever host --url names")
	flags.StringVar(&f.proxy, "proxy", "", "`URL` of an http, https or socks5 proxy (the environment's proxies are not used)")
}

// apply puts the flags into the wire's options.
func (f *connectionFlags) apply(o *wire.Options) error {
	switch f.http {
	case "1.1":
	case "2":
		o.HTTP2 = true
	default:
		return fmt.Errorf("--http %q is neither 1.1 nor 2", f.http)
	}
	if f.proxy != "" {
		u, err := url.Parse(f.proxy)
		if err != nil || u.Host == "" {
			// The address may hold a password, so that it isn't repeated.
			return hint.New(fmt.Errorf("--proxy is no URL of a proxy"), "such as http://127.0.0.1:3128 or socks5://127.0.0.1:1080")
		}
		o.Proxy = u
	}
	if f.socket != "" && f.proxy != "" {
		return fmt.Errorf("--unix-socket and --proxy exclude each other")
	}
	o.Socket = f.socket
	err := f.secure(o)
	trust(o)
	return err
}

// secure reads the certificates.
func (f *connectionFlags) secure(o *wire.Options) error {
	if !f.insecure && f.caCert == "" && f.cert == "" {
		if f.key != "" {
			return fmt.Errorf("--key needs a --cert")
		}
		return nil
	}
	c := &tls.Config{InsecureSkipVerify: f.insecure}
	if f.caCert != "" {
		pem, err := readGiven(f.caCert)
		if err != nil {
			return fmt.Errorf("--cacert: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--cacert %s: holds no certificate in PEM", f.caCert)
		}
	}
	if f.cert != "" {
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := keyPair(f.cert, key)
		if err != nil {
			return fmt.Errorf("--cert %s: %w", f.cert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	o.TLS = c
	return nil
}

// keyPair reads a certificate and its key.
func keyPair(cert, key string) (tls.Certificate, error) {
	first, err := readGiven(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	second, err := readGiven(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(first, second)
}
