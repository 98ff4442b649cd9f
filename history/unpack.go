package history

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// Unpacked reads what gzip compressed (RFC 1952), and anything else as it is.
func Unpacked(r io.Reader) (io.Reader, error) {
	packed := bufio.NewReaderSize(r, 64<<10)
	// what can't be read is no gzip file, and fails when it is read
	if magic, _ := packed.Peek(2); string(magic) != "\x1f\x8b" {
		return packed, nil
	}
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, damaged(err)
	}
	return unpacker{z}, nil
}

// An unpacker is a gzip file, whose errors say that it is one.
type unpacker struct{ *gzip.Reader }

func (u unpacker) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	return fmt.Errorf("the compressed data is cut short or damaged: %w", err)
}
