package results

import (
	"fmt"
	"io"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// TimelineOptions say how a timeline is drawn. The zero value draws 80 columns
// of UTF-8 without colour.
type TimelineOptions struct {
	Width int  // columns; 0 means 80, and anything under 40 means 40
	ASCII bool // plain ASCII only
	Color bool // SGR colours
	Limit Limit
	// Limit is what the server was held to. With it the tokens that an ideal
	// bucket would hold are drawn too; without it they are left out.
}

// Timeline draws the calls of a witness on a time axis, the window between
// brackets, after a sentence that says what they prove:
//
//	4 calls were admitted within 12ms; the limit allows 3.12 there (calls
//	1-4 of the history)
//
//	call 1            [|-------------------A............................]
//	call 2            [....|-----------------------A....................]
//	call 3            [........|---------------------------A............]
//	call 4            [............|-----------------------------------A]
//	call 5            [................|---------------------------R....]
//	time              [0          3ms         6ms         9ms       12ms]
//	tokens left <=    [3         3.03        2.06        0.09      -0.88]
//
// A few calls get a row each, from the sending to the reply. More share a row
// a fate, marked where the reply came: a figure stands for as many calls, and a
// block for more. A column with any call in it is never blank, the tallest is
// told in figures, and so is how many calls each row holds.
//
// The calls are the server's whole history, as witnesses count positions in
// it. A witness that doesn't fit the history is an error.
func Timeline(w io.Writer, calls []history.Call, witness verdict.Witness, o TimelineOptions) error {
	s, err := newScene(calls, witness, o.Limit)
	if err != nil {
		return err
	}
	p := newPage(o.Width, o.Color, o.ASCII)
	p.text(0, "", proof(witness))
	p.blank()
	s.draw(p, 0)
	_, err = io.WriteString(w, p.b.String())
	return err
}

// proof says what a witness proves, and with which calls.
func proof(w verdict.Witness) string {
	length := words.Span(w.To - w.From)
	switch {
	case float64(w.Admitted) > w.Allowed:
		return fmt.Sprintf("%s admitted within %s; the limit allows %s there (%s of the history)",
			words.Were(w.Admitted, "call"), length, words.Figure(w.Allowed), positions(w.Calls))
	case full(w) && len(w.Calls) > 0:
		return fmt.Sprintf("call %d of the history was refused with %s tokens in the bucket, which was full: "+
			"whatever was taken before had flowed back in",
			w.Calls[0], words.Figure(w.Allowed))
	case w.Allowed > 0 && len(w.Calls) > 0:
		return fmt.Sprintf("call %d of the history was refused with at least %s tokens in the bucket: in the %s "+
			"before, the limit allows %s, and at most %d were taken",
			w.Calls[0], words.Figure(w.Allowed-float64(w.Admitted)), length, words.Figure(w.Allowed), w.Admitted)
	}
	return fmt.Sprintf("see %s of the history, within %s", positions(w.Calls), length)
}

// full reports if a witness says that a call was refused by a full bucket: its
// window is a single instant in which nothing was taken.
func full(w verdict.Witness) bool { return w.From == w.To && w.Admitted == 0 && w.Allowed > 0 }

// A fate is what a call counts as in a drawing.
type fate int

const (
	granted fate = iota
	refused
	failed
	unclear
	fates // how many there are
)

var fateNames = [fates]string{"admitted", "refused", "failed", "unknown"}

func fateOf(o history.Outcome) fate {
	switch {
	case o == history.OK:
		return granted
	case o == history.Limited:
		return refused
	case o.Failed():
		return failed
	}
	return unclear
}

// A drawn call is one that stands in the picture.
type drawn struct {
	pos            int // 1-based position in the history
	fate           fate
	sent, received time.Duration
}

// at is the instant that a call's mark stands at: its reply, or where none
// came its sending.
func (d drawn) at() time.Duration {
	if d.fate == unclear {
		return d.sent
	}
	return d.received
}

// A scene is all that a timeline shows.
type scene struct {
	witness   verdict.Witness
	limit     Limit
	from, to  time.Duration // the window that is drawn
	accused   *drawn        // the call that was refused without a reason; nil where too many were admitted
	proof     []drawn       // the other calls of the witness
	around    []drawn       // refused, failed and unknown calls inside the window
	context   []drawn       // calls beside the window
	straddled int           // admitted calls that only overlap the window, and prove nothing
}

// newScene picks the calls to draw.
func newScene(calls []history.Call, w verdict.Witness, limit Limit) (*scene, error) {
	if w.From > w.To {
		return nil, fmt.Errorf("the witness ends at %s, before it begins at %s", w.To, w.From)
	}
	if len(w.Calls) == 0 {
		return nil, fmt.Errorf("the witness names no call")
	}
	s := &scene{witness: w, limit: limit, from: w.From, to: w.To}
	if full(w) && limit.Rate > 0 {
		// Nothing can be seen in an instant. What explains a full bucket are the
		// seconds before, in which even an empty one would have filled up.
		s.from = max(0, w.To-time.Duration(min(float64(limit.Burst)/limit.Rate, 1e9)*1e9))
		s.from = min(s.from, w.To) // a window may lie before instant 0
	}
	named := make(map[int]bool, len(w.Calls))
	clients := map[string]bool{}
	for _, pos := range w.Calls {
		if pos < 1 || pos > len(calls) {
			return nil, fmt.Errorf("the witness names call %d of a history of %d", pos, len(calls))
		}
		if named[pos] {
			continue
		}
		d := drawnOf(pos, &calls[pos-1])
		switch {
		case len(named) == 0 && d.fate == refused:
			s.accused = &d
		default:
			s.proof = append(s.proof, d)
		}
		named[pos] = true
		clients[calls[pos-1].Client] = true
	}
	for i := range calls {
		c := &calls[i]
		if named[i+1] || c.Outcome == history.Unsent || (limit.Scope == "client" && !clients[c.Client]) {
			continue
		}
		s.see(drawnOf(i+1, c))
	}
	return s, nil
}

func drawnOf(pos int, c *history.Call) drawn {
	return drawn{pos: pos, fate: fateOf(c.Outcome), sent: c.Sent, received: max(c.Sent, c.Received)}
}

// stretched reports if more is drawn than the witness's own window.
func (s *scene) stretched() bool { return s.from < s.witness.From }

// see places a call that is no part of the witness.
func (s *scene) see(d drawn) {
	from, to := s.from, s.to
	inside := d.sent >= from && d.at() <= to
	overlaps := d.sent <= to && d.received >= from
	switch {
	case inside && (d.fate != granted || s.stretched()):
		s.around = append(s.around, d)
	case inside: // an admission that costs nothing
	case overlaps && d.fate == granted && s.accused == nil:
		s.straddled++
	case d.at() < from || d.at() > to:
		s.context = append(s.context, d)
	}
}
