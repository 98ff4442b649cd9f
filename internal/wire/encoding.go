package wire

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// offered is what Options.Compressed offers.
const offered = "gzip, deflate, zstd"

// encoding is how a reply says that its body is compressed; empty where it isn't.
func encoding(header http.Header) string {
	e := strings.ToLower(strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ", ")))
	if e == "identity" {
		return ""
	}
	return e
}

// decoded returns what reads a body as it was before it was compressed. most
// bounds what a decoder may hold.
func decoded(body io.Reader, encoding string, most int) (io.Reader, error) {
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(body)
	case "deflate":
		// The name means zlib (RFC 9110 section 8.4.1.2), and some leave its head out.
		in := bufio.NewReader(body)
		if head, err := in.Peek(2); err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(in)
		}
		return flate.NewReader(in), nil
	case "zstd":
		d, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(most, 1<<20))))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("it is no encoding that was offered")
}

// A lazyBody is decoded from its first read on, so that it can be begun before it
// has come.
type lazyBody struct {
	io.Closer
	from     io.Reader
	encoding string
	most     int
	in       io.Reader
	err      error
}

// A decodeError says that a body isn't what its head says.
type decodeError struct {
	encoding string
	err      error
}

func (e *decodeError) Error() string {
	return fmt.Sprintf("the reply is not the %s that it says: %v", e.encoding, e.err)
}

// Read implements io.Reader.
func (b *lazyBody) Read(p []byte) (int, error) {
	if b.in == nil && b.err == nil {
		if b.in, b.err = decoded(b.from, b.encoding, b.most); b.err == io.EOF {
			b.err = io.ErrUnexpectedEOF
		}
	}
	if b.err != nil {
		return 0, &decodeError{b.encoding, b.err}
	}
	n, err := b.in.Read(p)
	if err != nil && err != io.EOF {
		err = &decodeError{b.encoding, err}
	}
	return n, err
}
