package mcpload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// MostCalls is how many calls a history may have where nobody says otherwise.
const MostCalls = 50_000_000

// mostNames is how many bytes the names of clients may have together.
const mostNames = 256 << 20

// VerifyConfig says which recorded history is held against which promise. Its zero
// value is refused, as it has neither.
type VerifyConfig struct {
	History io.Reader       // one call a line, as JSON; in any order
	Limit   profiles.Limit  // one bucket, full at first use; of the zero value the Promise counts
	Promise promise.Promise // laws of any kind, in place of the Limit

	Clocks *verdict.Clocks // how far clocks may disagree; nil: verdict.DefaultClocks
	// widens a burst on both sides, in tokens below 1; 0: verdict.DefaultTolerance, below 0: none
	Tolerance float64
	Unboxed   bool // don't measure which rates and bursts explain the history, where most of the time goes
	Most      int  // calls at most, at 140 bytes of memory each; 0: MostCalls
}

// TooManyCalls says that a history is longer than what is asked for.
type TooManyCalls struct {
	Line, Most int
}

// Error implements error.
func (e *TooManyCalls) Error() string {
	return fmt.Sprintf("line %d is more than %d calls", e.Line, e.Most)
}

// Verify proves whether an honest server can have produced a recorded history, whatever
// the delays were: the document's Verified says what. That the promise is broken is its
// verdict, and no error; a history that can't be read is one, of type *history.Errors
// where a line is at fault.
func Verify(ctx context.Context, c VerifyConfig) (*results.Document, error) {
	found, err := c.verify(ctx)
	if err != nil {
		return nil, err
	}
	return &results.Document{Schema: results.VerifySchema, Version: version(), Verdict: found.Verdict,
		Verified: found}, nil
}

func (c VerifyConfig) verify(ctx context.Context) (*results.Verification, error) {
	switch {
	case c.History == nil:
		return nil, errors.New("VerifyConfig.History is nil")
	case len(c.Promise) == 0 && !(c.Limit.Rate > 0 && c.Limit.Burst > 0):
		return nil, errors.New("VerifyConfig has no promise: give a Limit of a rate and a burst, or a Promise")
	case !(c.Tolerance < 1):
		return nil, fmt.Errorf("VerifyConfig.Tolerance %g is not below 1 token", c.Tolerance)
	case c.Most < 0:
		return nil, fmt.Errorf("VerifyConfig.Most %d is below 0", c.Most)
	}
	c.Tolerance = max(0, cmp.Or(c.Tolerance, verdict.DefaultTolerance))
	c.Most = cmp.Or(c.Most, MostCalls)
	if c.Clocks == nil {
		usual := verdict.DefaultClocks()
		c.Clocks = &usual
	}
	if len(c.Promise) > 0 {
		return c.byLaws(ctx)
	}
	return c.byBucket(ctx)
}

// each reads the history, up to its bound, until the context ends.
func (c VerifyConfig) each(ctx context.Context, add func(line int, call *history.Call) (calls int, err error)) error {
	return history.NewReader(c.History).Each(func(line int, call *history.Call) error {
		n, err := add(line, call)
		switch {
		case err != nil:
			return err
		case n > c.Most:
			return &TooManyCalls{line, c.Most}
		case n%4096 == 0:
			return ctx.Err()
		}
		return nil
	})
}

// byLaws holds the history against laws of any kind.
func (c VerifyConfig) byLaws(ctx context.Context) (*results.Verification, error) {
	if err := c.Promise.Validate(); err != nil {
		return nil, err
	}
	var calls []history.Call
	laws := &results.VerifiedLaws{Clocks: *c.Clocks, Tolerance: c.Tolerance}
	err := c.each(ctx, func(line int, call *history.Call) (int, error) {
		calls, laws.Lines = append(calls, *call), append(laws.Lines, line)
		return len(calls), nil
	})
	if err != nil {
		return nil, err
	}
	laws.Judgement, laws.Note = c.judgeLaws(calls)
	laws.Claims = verdict.ReadClaims(calls).Beside(c.Promise, calls)
	v := &results.Verification{Verdict: laws.Judgement.Verdict, Laws: laws}
	if v.Verdict == verdict.Fail {
		coarse, undeclared := c.Clocks.Coarser()
		cfg := c.lawConfig(calls)
		cfg.Clocks = coarse
		laws.Tick = laws.Judgement.Unsure()
		if undeclared && verdict.JudgeLaws(c.Promise, calls, cfg).Verdict != verdict.Fail {
			laws.Tick = coarse.Tick
		}
		if laws.Tick > 0 {
			v.Verdict = verdict.Inconclusive
		} else if laws.Jump = c.jumpOfLaws(calls); laws.Jump != nil {
			v.Verdict = verdict.Inconclusive
		}
	}
	return v, nil
}

// byBucket holds it against one bucket.
func (c VerifyConfig) byBucket(ctx context.Context) (*results.Verification, error) {
	evidence := verdict.NewEvidence(c.Limit).Under(*c.Clocks)
	methods := methodLines{lines: map[string][]int32{}}
	var said saidByHeaders
	err := c.each(ctx, func(line int, call *history.Call) (int, error) {
		if c.Limit.Presumed {
			methods.add(line, call)
		}
		said.add(line, call)
		if evidence.Add(line, call); evidence.Names() > mostNames {
			return 0, fmt.Errorf("up to line %d the names of clients have more than %d MiB", line, mostNames>>20)
		}
		return evidence.Calls(), nil
	})
	if err != nil {
		return nil, err
	}
	judge := evidence.Judge
	if c.Unboxed {
		judge = evidence.Check
	}
	b := &results.VerifiedBucket{Limit: c.Limit, Judgement: judge(c.Limit, c.Tolerance), Boxed: !c.Unboxed}
	b.Claims, b.Lines = said.claims(promise.Promise{{Kind: promise.Bucket, N: c.Limit.Burst, Rate: c.Limit.Rate}})
	if load, others := methods.beside(); b.Judgement.Verdict == verdict.Fail && len(others) > 0 {
		spared := evidence.Sparing(others)
		if spared.Check(c.Limit, c.Tolerance).Verdict != verdict.Fail {
			if judge = spared.Judge; c.Unboxed {
				judge = spared.Check
			}
			b.Judgement = judge(c.Limit, c.Tolerance)
			b.Note = nobodySaid(load, "--charges "+load+", or --charges '*'")
		}
	}
	if b.Judgement.Verdict == verdict.Fail {
		c.byTicks(evidence, b)
	}
	v := &results.Verification{Verdict: b.Judgement.Verdict, Bucket: b}
	switch v.Verdict {
	case verdict.Fail:
	case verdict.Pass:
		if b.Idle() {
			v.Verdict = verdict.Inconclusive // what wasn't seen at work isn't passed
		}
		return v, nil
	default:
		return v, nil
	}
	if b.Tick > 0 {
		v.Verdict = verdict.Inconclusive
	} else if jump, ok := evidence.Jump(c.Limit, c.Tolerance); ok {
		b.Jump, v.Verdict = &jump, verdict.Inconclusive // a history whose clock jumped can't be held against a server
	} else if b.Boxed {
		b.Cause = func() string { return evidence.Cause(c.Limit, c.Tolerance) }
	}
	return v, nil
}

// byTicks judges what breaks the limit by a clock of the limiter's own, where one explains it.
func (c VerifyConfig) byTicks(evidence *verdict.Evidence, b *results.VerifiedBucket) {
	switch in, unsure := evidence.InBeats(c.Limit, c.Tolerance); {
	case unsure:
		b.Tick = time.Duration(1e9 / c.Limit.Rate)
	case in != nil:
		b.Judgement, b.Note = in.Judge(c.Limit, c.Tolerance), verdict.BeatWords(c.Limit.Rate, c.Limit.Burst)
	default:
		if tick, ok := evidence.Coarse(c.Limit, c.Tolerance); ok {
			b.Tick = tick
		}
	}
}
