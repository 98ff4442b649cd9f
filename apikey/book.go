package apikey

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Book knows what must not be shown, from the moment that it is read: values are added
// as they are met, by any goroutine. It remembers what is left of short texts, as servers
// say the same few things again and again. The zero value knows the keys that are known
// by their shape.
type Book struct {
	mu       sync.Mutex
	values   []string
	redactor atomic.Pointer[Redactor]
	known    atomic.Pointer[remembered]
}

// remembered are texts and what is left of them: servers say the same few things
// again and again.
type remembered struct {
	sync.Map
	n atomic.Int64
}

// mostRemembered bounds how many texts are remembered, and longestRemembered how
// long they are, in bytes.
const (
	mostRemembered    = 4096
	longestRemembered = 1024
)

// Add registers values.
func (b *Book) Add(values ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.values)
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(b.values, v) {
			b.values = append(b.values, v)
		}
	}
	if len(b.values) > n {
		b.redactor.Store(NewRedactor(b.values...))
		b.known.Store(&remembered{})
	}
}

// Redact takes the secrets out of a text.
func (b *Book) Redact(text string) string {
	if text == "" || len(text) > longestRemembered {
		return b.redactor.Load().Redact(text)
	}
	known := b.known.Load()
	if known == nil {
		b.known.CompareAndSwap(nil, &remembered{})
		known = b.known.Load()
	}
	if clean, ok := known.Load(text); ok {
		return clean.(string)
	}
	clean := b.redactor.Load().Redact(text)
	if known.n.Add(1) <= mostRemembered {
		known.Store(text, clean)
	}
	return clean
}

// Holds reports if a text has a value in it that chance doesn't write.
func (b *Book) Holds(text string) bool { return b.redactor.Load().Holds(text) }
