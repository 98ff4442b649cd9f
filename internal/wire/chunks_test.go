package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// cutBody reads a body in pieces as a loop does: what is beyond doubt by the
// cutter, the rest by net/http.
func cutBody(t require.TestingT, h string, body []byte, pieces []int) (string, error) {
	hd, state := readHead([]byte(h))
	require.Equal(t, whole, state)
	var k bodyCutter
	k.begin(hd)
	var got bytes.Buffer
	for _, n := range append(pieces, len(body)) {
		n = min(n, len(body))
		piece := body[:n]
		body = body[n:]
		for {
			var text []byte
			text, piece, state = k.next(piece)
			got.Write(text)
			if len(text) == 0 {
				break
			}
		}
		switch state {
		case whole:
			require.True(t, k.ended())
			return got.String(), nil
		case strange:
			before, skip := k.resume()
			return readOn(t, h, before, skip, append(piece, body...), &got)
		}
	}
	if !k.chunked {
		return got.String(), io.ErrUnexpectedEOF
	}
	before, skip := k.resume()
	return readOn(t, h, before, skip, nil, &got)
}

// readOn has net/http read the rest.
func readOn(t require.TestingT, h string, before []byte, skip int, rest []byte, got *bytes.Buffer) (string, error) {
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(h), bytes.NewReader(before),
		bytes.NewReader(rest))), nil)
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, resp.Body, int64(skip))
	require.NoError(t, err)
	_, err = io.Copy(got, resp.Body)
	return got.String(), err
}

// TestBodiesAreCutAsNetHTTPReadsThem: whatever the body, and in whatever pieces it
// comes, its text and its end are what net/http makes of the whole.
func TestBodiesAreCutAsNetHTTPReadsThem(t *testing.T) {
	part := rapid.SampledFrom([]string{"5\r\nhello\r\n", "1\r\nx\r\n", "A\r\n0123456789\r\n", "0\r\n\r\n", "0\r\n",
		"\r\n", "3;x=y\r\nabc\r\n",
		"2\nab\n", "zz\r\n", "4\r\nab", "2\r\nabXX", "0\r\nA: b\r\n\r\n", "\r", "\n", "5", "0",
		"00000000000000000000000000000000000001\r\nx\r\n", "ffffffffffffffffff\r\n", " 1\r\nx\r\n"})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(part, 0, 8).Draw(t, "parts"), ""))
		h := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
		if rapid.Bool().Draw(t, "length") {
			h = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", rapid.IntRange(0, 40).Draw(t, "n"))
		}
		var none bytes.Buffer
		want, wantErr := readOn(t, h, nil, 0, text, &none)
		got, err := cutBody(t, h, text, rapid.SliceOfN(rapid.IntRange(0, 7), 0, 30).Draw(t, "pieces"))
		require.Equal(t, want, got)
		require.Equal(t, wantErr, err)
	})
}
