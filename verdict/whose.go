package verdict

import (
	"strings"

	"github.com/mcpload/mcpload/history"
)

// bucketFor returns the bucket that a call is held against, and what is known of it there;
// nil where it is held against nobody.
func (e *Evidence) bucketFor(c *history.Call, m *mark) *bucket {
	client, what, unsure := strings.Cut(c.Client, Unsure)
	if unsure && (e.split || what == Opening) {
		if m.kind == refused {
			return nil
		}
		m.kind, m.least = maybe, 0
	}
	if _, _, anew := strings.Cut(client, Anew); !anew {
		return e.bucketOf(client)
	}
	if m.kind == refused {
		return nil
	}
	return e.bucketNamed(client)
}
