package apikey_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/apikey"
)

// TestBook: what is registered is taken out from then on, also of texts that were
// remembered before, and by several at once.
func TestBook(t *testing.T) {
	const secret = "Zk93jdLs82jfQp01xxYYabcdEF77"
	var b apikey.Book
	long := strings.Repeat("x ", 1000)
	for range 2 {
		assert.Equal(t, "a "+secret, b.Redact("a "+secret), "nobody said that it is one")
	}
	assert.False(t, b.Holds("a "+secret))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { b.Add(secret, " ", ""); b.Redact("a " + secret) })
	}
	all.Wait()
	assert.Equal(t, "a [redacted]", b.Redact("a "+secret))
	assert.Equal(t, long+"[redacted]", b.Redact(long+secret))
	assert.True(t, b.Holds("a "+secret))
}
