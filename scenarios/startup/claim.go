package startup

import (
	"regexp"
	"strings"
	"time"
)

// claims are how servers say that they serve. "Starting" is none: it says what
// they are about to do; so does uvicorn's "Application startup complete", which
// comes before it listens.
var claims = regexp.MustCompile(
	`(?i)\b(?:server|service|mcp)\b[^.\n]{0,40}\b(?:is |now |up and )*(?:running|ready|started|listening|online)\b` +
		`|\b(?:listening|running|serving|available) (?:on|at) \S*(?::\d|//|port)` +
		`|\bready (?:to (?:accept|serve|receive)|for (?:requests|connections|clients))\b` +
		`|\bstarted successfully\b` +
		`|^\W*(?:server )?ready\W*$`)

// vouches are how servers say that a credential is right.
var vouches = regexp.MustCompile(
	`(?i)\b(?:key|credential|token|secret|password)s?\b[^.\n]{0,30}\b(?:validated|verified|(?:is|are|looks?) (?:valid|ok|good)|accepted)\b` +
		`|\bvalidated\b[^.\n]{0,30}\b(?:key|credential|token|secret|password)s?\b`)

// hedges turn a claim into something else: a condition, a plan, a denial.
var hedges = regexp.MustCompile(
	`(?i)\b(?:not|never|no|none|cannot|fail\w*|unable|before|until|unless|if|when|once|whether|will|would|should|could|must|may|error|refus\w*|without|invalid|missing|abort\w*|stopp\w*|exit\w*|shut\w*|usage)\b|n't\b`)

// claim finds the first line of a start that says that the server serves, and
// when it was read. Its instant is that of the chunk that ended the line.
func (o *Observation) claim(form *regexp.Regexp) (line string, at time.Duration, ok bool) {
	part := map[Stream]string{}
	size := 0
	for _, c := range o.Output {
		if o.StopAt > 0 && c.At >= o.StopAt {
			continue
		}
		if size += len(c.Text); size > attention {
			break
		}
		part[c.Stream] += string(c.Text)
		for {
			head, rest, whole := strings.Cut(part[c.Stream], "\n")
			if !whole {
				break
			}
			part[c.Stream] = rest
			text := strings.TrimSpace(plainText([]byte(head)))
			if c.Stream == Stdout && text != "" && isMessage([]byte(text)) {
				continue
			}
			if form.MatchString(text) && !hedges.MatchString(text) {
				return text, c.At, true
			}
		}
	}
	return "", 0, false
}
