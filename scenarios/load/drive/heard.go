package drive

import (
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// looks reports if every reply is looked into.
func (j *Job) looks() bool { return j.Echo || j.Schema }

// looked looks into a reply: if it is its own request's, and as the specification
// demands.
func (r *run) looked(c *history.Call, result []byte) {
	if r.listener != nil && c.Outcome == history.OK {
		r.listener.Hear(c.Method, c.Tool, result)
	}
	r.echoed(c, result)
}

// heard is how results kept to the specification; nil where nobody asked.
func (r *run) heard() *results.LoadSchema {
	if r.listener == nil {
		return nil
	}
	checked, wrong, breaches := r.listener.Heard()
	s := &results.LoadSchema{Checked: checked, Wrong: wrong}
	for _, b := range breaches {
		saw := b.Saw
		if r.Redact != nil {
			saw = r.Redact(saw)
		}
		s.Breaches = append(s.Breaches, results.LoadBreach{Row: b.ID, Section: b.Section, Says: b.Says,
			Method: b.Method,
			Saw:    saw, Count: b.Count})
	}
	return s
}
