package verdict

import "github.com/mcpload/mcpload/promise"

// unexplainedNested is unexplained for the promised bucket where each call takes a token,
// and then another for something inside the server, as where FastMCP 4 charges a hidden
// tools/list for a call with arguments. A call that is refused at the second keeps the
// first, if it got one. Nobody can see which, so that the level is known between two
// bounds only: the lower one has a call's tokens taken when it comes in, the upper one
// when it has left.
func (s *story) unexplainedNested(l promise.Limit, most int) (odd []int) {
	burst, last, inside := float64(l.Burst), 0.0, 0.0 // inside: calls that are let through
	lo, hi := burst, burst
	for _, c := range s.changes {
		call, gain := s.calls[c.call], l.Rate*(c.at-last)
		last = c.at
		lo, hi = min(burst, lo+gain), min(burst+2*inside, hi+gain)
		explained := true
		switch {
		case call.admitted && !c.left:
			inside++
			lo = max(0, lo-2)
		case call.admitted:
			inside--
			explained = hi >= 2-s.slack-1e-9
			hi = max(0, hi-2)
		case !c.left:
			lo = max(0, lo-1)
		default:
			now := 1 + l.Rate*(call.end-call.sent) // there was less than a token when it was refused
			explained = lo < now+s.slack
			lo, hi = min(lo, now), min(hi, now+2*inside)
		}
		if !explained {
			if odd = append(odd, c.call); len(odd) > most {
				break
			}
		}
	}
	return odd
}

// nests accounts for a bucket that charges twice.
func (p *past) nests(few int) []account {
	left := p.story.unexplainedNested(p.limit, few)
	if len(left) > few {
		return nil
	}
	return []account{{kind: "nested", words: "each call takes two tokens, one after the other, and one that is " +
		"refused at the second keeps the first: something inside the server is charged too, such as a hidden " +
		"tools/list", left: len(left)}}
}
