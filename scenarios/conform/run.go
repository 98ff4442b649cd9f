package conform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
)

// A Finding is a row and what came of it.
type Finding struct {
	Row
	Answer
	Sent int // exchanges that the row made
}

// A Report is what came of one revision.
type Report struct {
	Revision  string
	Transport string
	Findings  []Finding // in the order of the table
	Exchanges []*Exchange
	Ended     string // why it was given up before its end; empty: it wasn't
}

// giveUp is how many requests in a row must stay without a reply for the server to
// be gone.
const giveUp = 3

// interrupted is why rows weren't tried, or not to their end, where we have stopped ourselves.
const interrupted = "the run was interrupted"

// budgetEnded is why rows weren't tried for which there was no time left.
const budgetEnded = "the budget ended"

// Run checks every row that applies: those that send in the order of the table, then
// those that only watched. Where that would take longer than there is left, what is
// demanded most strongly is tried first.
func (t *Trial) Run(rows []Row) Report {
	out := Report{Revision: t.Revision, Transport: t.Transport}
	found := map[string]Finding{}
	sending, watching := t.queues(rows)
	began := t.now()
	for k := range sending {
		if out.Ended == "" {
			out.Ended = t.late(sending[k:], k, began)
		}
		r := &sending[k]
		if t.Watch != nil && out.Ended == "" {
			t.Watch(t.step(sending[k:], k+1, len(sending)))
		}
		found[r.ID] = t.check(r, out.Ended)
		if out.Ended == "" {
			out.Ended = t.gone()
		}
	}
	for _, r := range watching {
		found[r.ID] = t.check(&r, out.Ended)
	}
	for _, r := range rows {
		if f, ok := found[r.ID]; ok {
			if t.locked != nil && r.Area != Authorization && out.Ended == "" {
				out.Ended = t.outside().Saw
			}
			out.Findings = append(out.Findings, f)
		}
	}
	if t.buried > 0 {
		t.main.line.Close()
	}
	if out.Ended == "" {
		out.Ended = t.uncontrolled(out.Findings)
	}
	out.Exchanges = t.exchanges
	return out
}

// uncontrolled says that too many rows couldn't be judged as right requests had no result,
// which isn't for lack of a feature; empty where that isn't so.
func (t *Trial) uncontrolled(list []Finding) string {
	var rows []string
	for _, f := range list {
		if f.State == NotTestable && t.helpless[f.ID] != nil {
			rows = append(rows, f.ID)
		}
	}
	if len(rows) < giveUp {
		return ""
	}
	e := t.helpless[rows[len(rows)-1]]
	return fmt.Sprintf("right requests had no result, so that %d rows couldn't be judged, the last one with: %s %s",
		len(rows), e.method(), e.words())
}

// outside is the answer to what can't be tried at a server that serves us nothing.
func (t *Trial) outside() Answer {
	if t.Bearer {
		return needs("a token that it takes", "the server refuses the token that it was shown")
	}
	return needs("--bearer-env NAME", "the server asks for a token")
}

// queues are the chosen rows: those that send, and those that only watch.
func (t *Trial) queues(rows []Row) (sending, watching []Row) {
	for _, r := range rows {
		switch {
		case !t.chosen(&r):
		case r.Watch != nil:
			watching = append(watching, r)
		default:
			sending = append(sending, r)
		}
	}
	return sending, watching
}

// fewToTell is how many rows show how long one takes.
const fewToTell = 5

// late says that the time is up before the rest of the rows; empty where it isn't. Where they
// would take longer than is left, as those did that are done, it puts those first that are
// demanded most strongly; what load and odd arguments add to the table stays last.
func (t *Trial) late(rest []Row, done int, began time.Time) string {
	if t.Left == nil || t.locked != nil {
		return ""
	}
	left := t.Left()
	if left <= 0 {
		return fmt.Sprintf("%s with %d of %d rows untried", budgetEnded, len(rest), done+len(rest))
	}
	if done >= fewToTell && t.now().Sub(began)*time.Duration(len(rest)) > left*time.Duration(done) {
		weight := map[string]int{}
		for _, r := range Rows() {
			weight[r.ID] = 1 + slices.Index([]Level{Practice, Should, Must}, r.Level)
		}
		slices.SortStableFunc(rest, func(a, b Row) int { return weight[b.ID] - weight[a.ID] })
	}
	return ""
}

func (t *Trial) chosen(r *Row) bool {
	return r.Applies(t.Revision, t.Transport) && (len(t.Only) == 0 || slices.Contains(t.Only, r.ID))
}

// check comes to a row's answer, and takes back a fail that anything else explains.
func (t *Trial) check(r *Row, ended string) Finding {
	f := Finding{Row: *r}
	before := len(t.exchanges)
	t.row = r.ID
	switch {
	case t.locked != nil && r.Area != Authorization:
		f.Answer = t.outside()
	case r.Needs != "" && !t.declares(r.Needs):
		f.Answer = needs("a server that declares "+r.Needs, "the server does not declare %s", r.Needs)
	case r.Watch != nil:
		f.Answer = r.Watch(t)
	case ended != "" && r.Settled != nil && r.Settled():
		f.Answer = r.Check(t)
	case strings.HasPrefix(ended, budgetEnded):
		f.Answer = needs("a longer --budget", "%s%s", results.RowUntried, budgetEnded)
	case ended == interrupted:
		f.Answer = skip(results.RowUntried + interrupted)
	case ended != "":
		f.Answer = skip("%s", ended)
	default:
		f.Answer = r.Check(t)
	}
	sent := t.exchanges[before:]
	f.Sent = len(sent)
	if slices.ContainsFunc(sent, func(e *Exchange) bool { return e.Reply.Broken == Interrupted }) {
		f.Answer = skip(results.RowUntried + interrupted)
		return f
	}
	if f.State != NotTestable && r.Check != nil {
		if e := spoilt(sent, f.Hung, f.Refused); e != nil {
			f.Answer = skip("a request had no use: %s", e.words())
		}
	}
	if f.State == Fail && r.ID != "R02" && slices.ContainsFunc(f.Shows, (*Exchange).twofold) {
		f.Answer = skip("it is answered with a result and an error, which R02 is about")
	}
	if f.State == Fail && len(f.Shows) == 0 && len(sent) > 0 {
		f.Shows = sent[len(sent)-1:]
	}
	if r.Effect != Many { // which look after crashes themselves
		if death := t.bury(sent); death != nil && r.Answered && f.State == NotTestable {
			f.Answer = fail(death, "its process ends at it, and did so twice").hung()
		}
	}
	if r.Answered && f.State == NotTestable {
		if e := t.neverAnswers(sent); e != nil {
			f.Answer = fail(e, "%s, twice, and others are answered", e.words()).hung()
		}
	}
	return f
}

// spoilt is an exchange that a limit or a lost connection may explain.
func spoilt(list []*Exchange, hung, refused bool) *Exchange {
	for _, e := range list {
		if e.Reply.Limited() && !refused || (e.Reply.Broken != "" || e.Reply.gatewaysOwn()) && !hung {
			return e
		}
	}
	return nil
}

// gone says that the server answers nothing any more; empty where it does.
func (t *Trial) gone() string {
	n := len(t.exchanges)
	switch {
	case n > 0 && t.exchanges[n-1].Reply.Broken == Interrupted:
		return interrupted
	case n < giveUp:
		return ""
	}
	for _, e := range t.exchanges[n-giveUp:] {
		if e.Reply.Broken == "" && !e.Reply.Limited() {
			return ""
		}
	}
	first := n - giveUp // of those that nothing was answered to
	for first > 0 && t.exchanges[first-1].Reply.Broken != "" {
		first--
	}
	since := t.exchanges[first]
	what := cmp.Or(since.Request.Verb, excerpt(string(since.Request.Body)))
	return fmt.Sprintf("the server has left %d requests in a row unanswered, the last one with: %s; the first was %s, "+
		"of %s", n-first, t.exchanges[n-1].words(), what, since.Row)
}
