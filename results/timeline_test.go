package results

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// leak is a history of n admissions in a row that end with the window, and of
// a few other calls around it, with the witness that a limit of n-1 makes.
func leak(n int) ([]history.Call, verdict.Witness, Limit) {
	const ms = time.Millisecond
	calls := []history.Call{
		{Sent: 1 * ms, Received: 3 * ms, Outcome: history.OK},
		{Sent: 99 * ms, Received: 101 * ms, Outcome: history.OK}, // straddles the window's start
	}
	w := verdict.Witness{From: 100 * ms, Admitted: n}
	step := 20 * ms / time.Duration(n)
	for i := range n {
		at := 100*ms + time.Duration(i)*step
		// More and more at once towards the end.
		if i%3 == 0 {
			at += time.Duration(i) * step / 4
		}
		calls = append(calls, history.Call{Sent: at, Received: at + 2*ms + time.Duration(i%7)*100*time.Microsecond,
			Outcome: history.OK})
		w.Calls = append(w.Calls, len(calls))
		w.To = max(w.To, calls[len(calls)-1].Received)
	}
	calls = append(calls,
		history.Call{Sent: 112 * ms, Received: 114 * ms, Outcome: history.Limited},
		history.Call{Sent: 115 * ms, Received: 1000 * ms, Outcome: history.TimedOut},
		history.Call{Sent: 116 * ms, Received: 117 * ms, Outcome: history.Broken},
		history.Call{Sent: 118 * ms, Received: w.To + ms, Outcome: history.Limited},
		history.Call{Outcome: history.Unsent},
	)
	limit := Limit{Rate: 10, Burst: n - 1}
	w.Allowed = float64(limit.Burst) + limit.Rate*(w.To-w.From).Seconds()
	return calls, w, limit
}

func TestTimelineGolden(t *testing.T) {
	for _, n := range []int{1, 5, 45, 500, 100_000} {
		calls, w, limit := leak(n)
		for _, o := range []TimelineOptions{{Limit: limit}, {Limit: limit, Width: 120}, {Limit: limit, Width: 60,
			ASCII: true}} {
			name := fmt.Sprintf("timeline-%d-%d.txt", n, max(o.Width, 60))
			if o.Width == 0 {
				name = fmt.Sprintf("timeline-%d-80.txt", n)
			}
			var b bytes.Buffer
			require.NoError(t, Timeline(&b, calls, w, o))
			golden(t, name, b.String())
			narrowEnough(t, b.String(), max(o.Width, 60+20*b2i(o.Width == 0)))
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTimelineRefusesWhatDoesNotFit(t *testing.T) {
	calls, w, limit := leak(5)
	for name, spoil := range map[string]func(*verdict.Witness){
		"call 99 of a history of 12": func(w *verdict.Witness) { w.Calls = []int{3, 99} },
		"call 0 of a history of 12":  func(w *verdict.Witness) { w.Calls = []int{0} },
		"names no call":              func(w *verdict.Witness) { w.Calls = nil },
		"before it begins":           func(w *verdict.Witness) { w.To = w.From - 1 },
	} {
		bad := w
		spoil(&bad)
		var b bytes.Buffer
		err := Timeline(&b, calls, bad, TimelineOptions{Limit: limit})
		assert.ErrorContains(t, err, name)
		assert.Empty(t, b.String())
	}
}

// Whatever the calls and the witness, a timeline is drawn within its width,
// without control characters, and in ASCII where asked.
func TestTimelineProperty(t *testing.T) {
	instant := rapid.OneOf(rapid.Int64Range(0, 50), rapid.Int64Range(0, 1e9), rapid.Int64Range(0, 1<<62))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "calls")
		calls := make([]history.Call, n)
		for i := range calls {
			calls[i].Sent = time.Duration(instant.Draw(t, "sent"))
			calls[i].Received = time.Duration(instant.Draw(t, "received"))
			calls[i].Outcome = history.Outcome(rapid.IntRange(0, 8).Draw(t, "outcome"))
			calls[i].Client = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "client")
		}
		from, to := instant.Draw(t, "from"), instant.Draw(t, "to")
		w := verdict.Witness{
			From: time.Duration(min(from, to)), To: time.Duration(max(from, to)),
			Calls:    rapid.SliceOfN(rapid.IntRange(1, n), 1, 80).Draw(t, "witness"),
			Admitted: rapid.IntRange(0, 100).Draw(t, "admitted"),
			Allowed:  rapid.Float64Range(0, 100).Draw(t, "allowed"),
		}
		o := TimelineOptions{
			Width: rapid.IntRange(40, 200).Draw(t, "width"), ASCII: rapid.Bool().Draw(t, "ascii"),
			Limit: Limit{
				Rate:  rapid.Float64Range(0, 1e6).Draw(t, "rate"),
				Burst: rapid.IntRange(0, 100).Draw(t, "burst"),
				Scope: rapid.SampledFrom([]string{"global", "client"}).Draw(t, "scope"),
			},
		}
		var b bytes.Buffer
		require.NoError(t, Timeline(&b, calls, w, o))
		narrowEnough(t, b.String(), o.Width)
		assert.True(t, utf8.Valid(b.Bytes()))
		for _, r := range b.String() {
			if r == '\n' {
				continue
			}
			assert.False(t, r < ' ' || o.ASCII && r > '~', "%q in %s", r, b.String())
		}
		assert.Contains(t, b.String(), "[")
	})
}

// Nothing fits in less than 40 columns, so that is what a smaller width means.
func TestTimelineLeastWidth(t *testing.T) {
	calls, w, limit := leak(45)
	var narrow, least bytes.Buffer
	require.NoError(t, Timeline(&narrow, calls, w, TimelineOptions{Width: 1, Limit: limit}))
	require.NoError(t, Timeline(&least, calls, w, TimelineOptions{Width: 40, Limit: limit}))
	assert.Equal(t, least.String(), narrow.String())
	narrowEnough(t, narrow.String(), 40)
}

// Every call of a lane stands in the drawing: with at most nine a column the
// marks and figures add up to the count, however the calls are spread.
func TestTimelineLosesNoCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(fewRows+1, 40).Draw(t, "n")
		calls := make([]history.Call, n)
		w := verdict.Witness{To: time.Second, Admitted: n, Allowed: 1}
		// One in each of n stretches, so that no column holds ten.
		for i := range calls {
			stretch := int64(time.Second) / int64(n)
			at := time.Duration(int64(i)*stretch + rapid.Int64Range(0, stretch).Draw(t, "at"))
			calls[i] = history.Call{Sent: at, Received: at, Outcome: history.OK}
			w.Calls = append(w.Calls, i+1)
		}
		var b bytes.Buffer
		require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Width: 120}))
		_, lane, ok := strings.Cut(b.String(), fmt.Sprintf("admitted %d ", n))
		require.True(t, ok, b.String())
		lane, _, _ = strings.Cut(lane, "\n")
		sum := 0
		for _, r := range lane {
			switch {
			case r == '●':
				sum++
			case r >= '2' && r <= '9':
				sum += int(r - '0')
			}
		}
		assert.Equal(t, n, sum, b.String())
	})
}

func TestTimelineKeepsExtremes(t *testing.T) {
	calls, w, limit := leak(100_000)
	var b bytes.Buffer
	require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Limit: limit}))
	for _, want := range []string{"admitted 100000 ", "refused 1", "failed 1", "unknown 1", "█", "▁", "×", "!", "?"} {
		assert.Contains(t, b.String(), want)
	}
}

func TestTimelineAccusesTheRefusedCall(t *testing.T) {
	s, calls := stingy()
	var b bytes.Buffer
	w := s.Scenarios[0].Findings[1].Witness.evidence()
	require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Limit: s.Limit}))
	left := words.Figure(w.Allowed - float64(w.Admitted))
	assert.Contains(t, b.String(), fmt.Sprintf("call %d of the history was refused", w.Calls[0]))
	assert.Contains(t, b.String(), "tokens left ≥")
	assert.Contains(t, b.String(), left+"]", "the bucket ends with the tokens that the witness leaves")
}

// Under a limit a client, others' calls have no place in the picture.
func TestTimelineLeavesOtherClientsOut(t *testing.T) {
	calls, w, limit := leak(20)
	for i := range calls {
		calls[i].Client = "mine"
		if calls[i].Outcome != history.OK {
			calls[i].Client = "other"
		}
	}
	draw := func() string {
		var b bytes.Buffer
		require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Limit: limit}))
		return b.String()
	}
	assert.Contains(t, draw(), "refused")
	limit.Scope = "client"
	assert.NotContains(t, draw(), "refused")
}

// What happened just beside the window stands beside its brackets, and what
// happened long before or after doesn't stand anywhere.
func TestTimelineShowsWhatIsBeside(t *testing.T) {
	calls, w, _ := leak(20)
	only := func(at time.Duration) string {
		var b bytes.Buffer
		more := append(calls[:22:22], history.Call{Sent: at, Received: at, Outcome: history.Limited})
		require.NoError(t, Timeline(&b, more, w, TimelineOptions{}))
		return b.String()
	}
	assert.Contains(t, only(w.From-1), "×[")
	assert.Contains(t, only(w.To+1), "]×")
	assert.NotContains(t, only(w.From-time.Second), "×")
	assert.NotContains(t, only(w.To+time.Second), "×")
}

// A witness that names a call twice draws it once.
func TestTimelineDrawsACallOnce(t *testing.T) {
	calls, w, limit := leak(20)
	var once, twice bytes.Buffer
	require.NoError(t, Timeline(&once, calls, w, TimelineOptions{Limit: limit}))
	w.Calls = append(w.Calls, w.Calls...)
	require.NoError(t, Timeline(&twice, calls, w, TimelineOptions{Limit: limit}))
	assert.Equal(t, once.String(), twice.String())
}

// Figures under the axis are whole, or left out; the last stands, and the first where
// it doesn't touch that.
func TestAxisLabelsNeverOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pl := &plot{page: newPage(80, false, false), margin: 1, inner: rapid.IntRange(16, 60).Draw(t, "inner")}
		texts := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}`), 2, 8).Draw(t, "texts")
		line := ""
		for _, s := range pl.labels(slices.Clone(texts)) {
			line += s.glyph
		}
		fields := strings.Fields(line)
		assert.Subset(t, texts, fields, line)
		if len(texts[0])+len(texts[len(texts)-1]) < pl.inner {
			assert.Equal(t, texts[0], fields[0], line)
		}
		assert.Equal(t, texts[len(texts)-1], fields[len(fields)-1], line)
	})
}

// A call that a full bucket refused is shown with the seconds before, in which
// even an empty one would have filled up: nothing can be seen in an instant.
func TestTimelineOfAFullBucket(t *testing.T) {
	at := func(s float64, o history.Outcome) history.Call {
		d := time.Duration(s * 1e9)
		return history.Call{Sent: d, Received: d + time.Millisecond, Outcome: o}
	}
	calls := []history.Call{at(1, history.OK), at(7, history.OK), at(9, history.Limited), at(9.5, history.Limited)}
	w := verdict.Witness{From: 9500 * time.Millisecond, To: 9500 * time.Millisecond, Calls: []int{4}, Allowed: 40}
	var b bytes.Buffer
	require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Limit: Limit{Rate: 10, Burst: 40}}))
	assert.Contains(t, b.String(), "call 4 of the history was refused with 40 tokens in the bucket, which was full")
	assert.NotContains(t, b.String(), "call 1 ")
	assert.Contains(t, b.String(), "call 2 ")
	assert.Contains(t, b.String(), "call 3 ")
	assert.Contains(t, b.String(), "begins at 5.5s")
	assert.NotContains(t, b.String(), "tokens left", "nobody knows how it filled up")
	golden(t, "timeline-full-80.txt", b.String())
}

// The ideal bucket isn't drawn where it doesn't come out at what the witness
// says, as with calls that cost other than one token.
func TestTimelineShowsNoWrongLevel(t *testing.T) {
	calls, w, limit := leak(20)
	var b bytes.Buffer
	w.Admitted *= 2
	require.NoError(t, Timeline(&b, calls, w, TimelineOptions{Limit: limit}))
	assert.NotContains(t, b.String(), "tokens left")
	assert.Contains(t, b.String(), "40 calls were admitted")
}
