package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
)

// netFault says what an error of the network means.
func netFault(ctx context.Context, err error) *fault {
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	if f, ok := ownFault(err); ok {
		return f
	}
	var bad *decodeError
	if errors.As(err, &bad) {
		return &fault{Garbage, excerpt([]byte(bad.Error())), err}
	}
	if detail, ok := tlsDetail(err); ok {
		return &fault{TLS, detail, err}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return &fault{Refused, "unknown host " + excerpt([]byte(dns.Name)), err}
	}
	detail := streamNumbers.ReplaceAllString(innermost(err), "")
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		if op.Timeout() {
			return &fault{TimedOut, "no connection in time", err}
		}
		return &fault{Refused, detail, err}
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		// Net/http says of whatever is in flight that we closed it where writing something failed.
		strings.HasSuffix(err.Error(), "force closed via ClientConn.Close"):
		return &fault{Lost, "the connection was closed", err}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &fault{Lost, detail, err}
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "HTTP response"):
		return &fault{Garbage, "no HTTP: " + detail, err}
	}
	if strings.Contains(detail, "%!") { // net/http formats a nil error when it read what nobody asked for
		detail = "the connection broke"
	}
	return &fault{Lost, detail, err}
}

// streamNumbers are what HTTP/2 calls a stream of its own in an error: one cause would
// have as many names as it has calls.
var streamNumbers = regexp.MustCompile(`stream ID \d+; | LastStreamID=\d+,`)

// What is said of who speaks no TLS.
const plainHTTP, noTLS = "the server speaks plain HTTP", "what it speaks is no TLS"

// tlsDetail says why no TLS connection came about, if that is the reason.
func tlsDetail(err error) (string, bool) {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		opErr   *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		return "its certificate is signed by an unknown authority", true
	case errors.As(err, &host):
		return "its certificate is for another host", true
	case errors.As(err, &invalid):
		return "its certificate is not valid: " + excerpt([]byte(invalid.Error())), true
	case errors.As(err, &verify):
		return "its certificate cannot be verified", true
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/", errors.Is(err, http.ErrSchemeMismatch):
		return plainHTTP, true
	case errors.As(err, &record):
		return noTLS, true
	case errors.As(err, &alert):
		return "the handshake failed: " + alert.Error(), true
	case errors.As(err, &opErr) && (opErr.Op == "remote error" || opErr.Op == "local error"):
		return "the handshake failed: " + innermost(err), true
	}
	return "", false
}

// innermost is the text of the last error in a chain: the one that names the
// cause and no address.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return excerpt([]byte(err.Error()))
		}
		err = next
	}
}
