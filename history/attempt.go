package history

// Nth is which attempt at its label a call belongs to, from 1.
func (c *Call) Nth() int { return max(1, c.Attempt) }

// LastAttempts returns the last attempt at each label. What was repeated was
// spoilt: its calls are judged like any others, but tell nothing of how fast a
// server is.
func LastAttempts(calls []Call) map[string]int {
	last := map[string]int{}
	for i := range calls {
		c := &calls[i]
		last[c.Label] = max(last[c.Label], c.Nth())
	}
	return last
}
