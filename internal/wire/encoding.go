package wire

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
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

// unpack has a reply's body read as it was before it was compressed. A server may do
// so unless the request says otherwise (RFC 9110 section 12.5.3), and clients read it.
func unpack(resp *http.Response, most int) {
	if e := packing(resp.Header); e != "" {
		resp.Body = &lazyBody{Closer: resp.Body, from: resp.Body, encoding: e, most: most}
	}
}

// packing is how a reply says that it is compressed. What is no name of a compression is
// nonsense that clients pass over.
func packing(header http.Header) string {
	if e := encoding(header); slices.Contains(compressions, e) || strings.Contains(e, ",") {
		return e
	}
	return ""
}

// compressions are the encodings that change a body. Not all are decoded here.
var compressions = []string{"gzip", "x-gzip", "deflate", "zstd", "br", "compress", "x-compress", "dcb", "dcz"}

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
		d, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(uint64(max(most, 1<<20))))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, errUnread
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

// errUnread says that a body is compressed in a way that isn't decoded here.
var errUnread = errors.New("an encoding that is not read here")

// A decodeError says that a body isn't what its head says.
type decodeError struct {
	encoding string
	err      error
}

func (e *decodeError) Error() string {
	if e.err == errUnread {
		return fmt.Sprintf("the reply is compressed as %s, which was not offered", e.encoding)
	}
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
