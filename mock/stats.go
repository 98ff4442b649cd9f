package mock

import (
	"maps"
	"sync"
)

// A Count is how a server decided requests.
type Count struct {
	Admitted int
	Limited  int
}

// Stats is what a server itself counted. Notifications don't count; a request
// that found the server dead doesn't either.
type Stats struct {
	Count                    // of all requests
	Methods map[string]Count // a JSON-RPC method
	Died    bool             // the server is gone, as its fault wanted
}

// A tally counts decisions.
type tally struct {
	mu    sync.Mutex
	stats Stats
}

func (t *tally) add(method string, a Answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.Dead {
		t.stats.Died = true
		return
	}
	if t.stats.Methods == nil {
		t.stats.Methods = map[string]Count{}
	}
	c := t.stats.Methods[method]
	if a.Limited {
		c.Limited++
		t.stats.Limited++
	} else {
		c.Admitted++
		t.stats.Admitted++
	}
	t.stats.Methods[method] = c
}

func (t *tally) snapshot() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Methods = maps.Clone(s.Methods)
	return s
}
