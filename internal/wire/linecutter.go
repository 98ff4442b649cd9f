package wire

import (
	"bytes"
	"sync/atomic"
)

// A lineCutter cuts a stream into lines, whatever pieces it comes in. Of a line
// that is longer than most it keeps nothing.
type lineCutter struct {
	kept []byte  // of a line that isn't whole yet
	long bool    // that line is too long already
	hold holding // for what is kept
	most int     // bytes of a line; 0: MaxMessage
	full *fault  // there was no room for that line

	begun atomic.Bool // a line isn't whole yet; anybody may look
}

// next cuts the first line off what has come, without its end, and returns the
// rest. Where whole is false there was none, and all is kept for later. A line
// that was too long is nil. Others are good until the next call, as long as
// data is.
func (c *lineCutter) next(data []byte) (line, rest []byte, whole bool) {
	n := bytes.IndexByte(data, '\n')
	if n < 0 {
		c.begun.Store(len(data) > 0 || c.begun.Load())
		c.keep(data)
		return nil, nil, false
	}
	line, rest = data[:n], data[n+1:]
	if c.long || len(c.kept) > 0 {
		c.keep(data[:n+1])
		line = c.whole()
	} else if n+1 > c.bound() {
		line = nil
	}
	return trimReturns(line), rest, true
}

// bound is how long a line may be.
func (c *lineCutter) bound() int {
	if c.most == 0 {
		return MaxMessage
	}
	return c.most
}

// keep keeps the next part of a line.
func (c *lineCutter) keep(part []byte) {
	if c.long = c.long || len(c.kept)+len(part) > c.bound(); !c.long && len(c.kept)+len(part) > readBuffers {
		c.full = c.hold.take(max(cap(c.kept), 2*(len(c.kept)+len(part)))) // the line's copy is made from it
		c.long = c.full != nil
	}
	if c.long {
		c.kept = nil
		c.hold.free()
		return
	}
	c.kept = append(c.kept, part...)
}

// whole returns the line that was kept, and begins another one.
func (c *lineCutter) whole() []byte {
	c.begun.Store(false)
	if c.long {
		c.long = false
		return nil
	}
	line := c.kept
	if c.kept = line[:0]; cap(line) > readSize {
		c.kept = nil
	}
	c.hold.free()
	return bytes.TrimSuffix(line, []byte("\n"))
}

// end returns what came after the last line's end; empty where that is
// nothing, or too long.
func (c *lineCutter) end() []byte {
	c.begun.Store(false)
	if c.long {
		c.long = false
		return []byte{}
	}
	return trimReturns(append([]byte{}, c.whole()...))
}

// trimReturns cuts what precedes a line's end on some systems. It keeps nil.
func trimReturns(line []byte) []byte {
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line
}
