package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// A hint is what to do about a check that failed, or that could not tell.
type hint struct{ check, failed, open string }

// hints has a row for every check that the scenarios make.
var hints = []hint{
	{
		check: "comes-up",
		failed: "install the package alone into a new environment and start it there as its recipe does " +
			"(launch.command in the profile): every dependency must come with it, it must listen where it is told, " +
			"and an error must end it with a status other than 0",
		open: "give it more time (launch.ready in the profile)",
	},
	{
		check: "over-admission",
		failed: "look for a second limiter or worker process behind the same address, buckets per session or per " +
			"connection instead of one for all, and a check of the level that isn't atomic with taking the token",
		open: "make sure that calls get through at all: none was certainly admitted",
	},
	{
		check: "over-rejection",
		failed: "look for traffic that takes tokens beside ours (health checks, a hidden tools/list, refused calls " +
			"that are charged); if others use the server meanwhile, run again with --shared",
		open: "run again while nobody else uses the server",
	},
	{
		check:  "scope",
		failed: "look at what the limiter takes as its key: the session, the connection, the address, or nothing",
		open:   "run with two clients or more",
	},
	{
		check: "isolation",
		failed: "look at what the limiter takes as its key: clients must not share what was promised to each, nor " +
			"have apart what was promised to all",
		open: "give it two clients or more (--clients), and a --client-header if something else than the session " +
			"tells them apart",
	},
	{
		check: "evasion",
		failed: "key the limiter by something that a client can't choose anew: its credential or its address, not " +
			"its session, its connection or a header of its own",
		open: "see if the server lets anybody in again while its bucket is empty: --save-history keeps every call " +
			"with its session",
	},
	{
		check: "tricks",
		failed: "let every call cost what the promise says, whoever sends it, however it looks and whenever it " +
			"comes; key the limiter by something that a client can't choose anew (where each session, credential or " +
			"address is promised a limit of its own, say so with --scope or --promise)",
		open: "see why the tricks got no answer, or why nothing was refused before them: --save-history keeps " +
			"every call with its trick",
	},
	{
		check:  "restart",
		failed: "keep the limiter's state where a restart doesn't lose it, such as in the store that replicas share",
		open: "see that the command restarts the server within a part of the time in which the bucket fills: later " +
			"nobody can tell",
	},
	{
		check:  "executions",
		failed: "decide on a call's token before anything of it is done, and answer only what was",
		open: "name a tool with --executions-from whose reply is a whole number that each call of the other tool " +
			"moves by one, and that calls of nobody else move",
	},
	{
		check:  "served",
		failed: "look for a limit below the promised rate: in front of the server, or in the tool itself",
		open: "if calls failed, call a cheaper tool (--tool); if some were refused and delays may explain it, run " +
			"closer to the server",
	},
	{
		check:  "measured",
		failed: "compare the limiter's configured rate and burst with the promise",
		open: "run closer to the server, or while it and this machine have less to do, so that delays blur less; " +
			"and run all scenarios rather than a few",
	},
	{
		check:  "pressure",
		failed: "run the scenario again",
		open: "the traffic never pressed on the limit: give --rate and --burst that the server can reach, or a " +
			"tool that answers faster (--tool)",
	},
	{
		check:  "generator",
		failed: "run on a machine with less to do",
		open: "the fault is ours: run on a machine with less to do, fewer servers side by side, or against a " +
			"server that answers faster",
	},
	{
		check: "alive",
		failed: "read the server's own log around the first call that broke; --save-history keeps every call with " +
			"its instant",
		open: "raise --timeout, and see if the server answers after a rest",
	},
	{
		check: "complete",
		failed: "replies must carry the id of their request, once each; --save-history keeps every call with what " +
			"was wrong",
		open: "see why calls got no clear answer: --save-history keeps every call with its reason",
	},
	{
		check: "fast-refusals",
		failed: "refuse at once instead of queueing: a caller who waits for a refusal holds a connection, and learns " +
			"nothing",
		open: "run the overload scenario, which makes enough refusals to compare",
	},
	{
		check: "refusal-shape",
		failed: "answer a refusal with the id of its request, with HTTP 429 or a JSON-RPC error, and with the time " +
			"to retry after",
		open: "run a scenario that is refused, such as burst",
	},
	{
		check: "retry-after",
		failed: "compute Retry-After from the bucket: (1 - level) / rate, rounded up to whole seconds in the " +
			"HTTP header",
		open: "run a scenario that is refused, such as burst",
	},
	{
		check:  "latency",
		failed: "compare with the statistics below: whether every call is slow, or a few",
		open:   "a quantile needs a sample: p99 at least 100 admitted calls; run all scenarios, or ask for a lower one",
	},
}

// explained are the checks that stay open where the answers aren't understood.
var explained = []string{"pressure", "complete", "served", "scope", "isolation", "evasion", "over-admission",
	"over-rejection", "fast-refusals", "refusal-shape", "measured"}

// about returns the row of a check, and false where there is none. Some checks
// are named for what they demand: "latency p99<500ms", "threshold errors<1%".
func about(check string) (hint, bool) {
	kind, demand, _ := strings.Cut(check, " ")
	for _, h := range slices.Concat(hints, startHints, loadHints) {
		if h.check == check || demand != "" && h.check == kind && (kind == "latency" || kind == "threshold") {
			return h, true
		}
	}
	return hint{}, false
}

// Hint returns what to do about a check that failed or was inconclusive, and
// nothing for one that passed or that nobody knows.
func Hint(check string, v verdict.Verdict) string {
	h, _ := about(check)
	switch v {
	case verdict.Fail:
		return h.failed
	case verdict.Inconclusive:
		return h.open
	}
	return ""
}

// failHints are what to do about a server's fails, the most telling first.
func (s *Server) failHints() []string {
	if s.wantsArguments() {
		return []string{giveArguments}
	}
	var list []string
	if s.broken() != "" {
		list = append(list, s.another()...)
	}
	if s.failed("over-admission") && s.refusals() == 0 {
		return append(list, "nothing was refused at all: see if a limiter is installed, if it covers the method that "+
			"was called (--tool loads with a tool call), if several processes keep a limit each, and if a refusal "+
			"looks like one (the profile's refusal section says what counts)")
	}
	if s.broken() != "" && s.Measured != nil && s.Measured.Rate.Hi < 0.05*s.Limit.Rate {
		return append(list, "see what refills the bucket: a timer that was never started, a clock that stands still, "+
			"or a last instant that is set anew by each call")
	}
	for _, check := range s.failedChecks() {
		if h, ok := about(check); ok && !slices.Contains(list, h.failed) {
			list = append(list, h.failed)
		}
	}
	if len(list) > 3 {
		list = list[:3] // nobody reads a longer list; the first ones are the likeliest
	}
	return list
}

// refusals counts the calls that a server refused for its rate.
func (s *Server) refusals() int {
	n := 0
	for _, sc := range s.Scenarios {
		n += sc.Calls.Limited
	}
	return n
}

// openHints are what to try where the run could not tell.
func (s *Server) openHints() []string {
	var list []string
	if s.toolless() { // nothing else would help
		return []string{"load with a tool: --tool NAME; --yes agrees to the one that looks best"}
	}
	open := s.open()
	if sure := s.likeliest(open); sure != "" {
		return []string{sure}
	}
	ours := slices.ContainsFunc(open, func(f fail) bool { return f.Check == "generator" })
	for _, f := range open { // what the calls themselves say comes first
		if f.Next != "" && !slices.Contains(list, f.Next) {
			list = append(list, f.Next)
		}
	}
	told := len(list) > 0
	if ours && !told { // what it hides can't be told from what else is open
		list = append(list, Hint("generator", verdict.Inconclusive))
	}
	for _, f := range open {
		if told && slices.Contains(explained, f.Check) {
			continue // that is why these are open, and nothing else would close them
		}
		if ours && strings.HasPrefix(f.Check, "threshold ") {
			continue // it is open because of ourselves, and no larger sample would close it
		}
		h, ok := about(f.Check)
		if f.Check == "pressure" && s.refusals() > 0 {
			h.open = hidden
		}
		if ok && !slices.Contains(list, h.open) {
			list = append(list, h.open)
		}
	}
	return list
}

// hidden is what to do where the limit was pressed on, and what it did can't be told.
const hidden = "the limit was reached, and how late answers came hides what it did then: run closer to the server, " +
	"or while it and this machine have less to do; and run all scenarios rather than a few"

// another names the bucket that a server seems to have instead of the promised
// one, where its code or the measurement says so.
func (s *Server) another() []string {
	var list []string
	if o := s.Observed; o != nil && s.Target.Kind != "mock" && (o.Rate != s.Limit.Rate || o.Burst != s.Limit.Burst) {
		says := fmt.Sprintf("the server's own code sets %s/s burst %d", number(o.Rate), o.Burst)
		if o.Rate <= 0 {
			says = "no limiter was found in the server's own code"
		}
		if o.Source != "" {
			says += " (" + o.Source + ")"
		}
		if s.Measured.tight() && s.Measured.holds(o.Rate, float64(o.Burst)) {
			return append(list, says+", and that is what was measured: the promise is what's wrong")
		}
		list = append(list, says)
	}
	if rate, burst, ok := s.Measured.round(); ok && (rate != s.Limit.Rate || burst != float64(s.Limit.Burst)) {
		list = append(list, fmt.Sprintf("it behaves like %s/s burst %s; if that is what's meant, promise that: "+
			"--rate %s/s --burst %s",
			number(rate), number(burst), number(rate), number(burst)))
	}
	return list
}

func (m *Measured) holds(rate, burst float64) bool {
	return m.Rate.Lo <= rate && rate <= m.Rate.Hi && m.Burst.Lo <= burst && burst <= m.Burst.Hi
}

// tight reports if the box is the only one, and so narrow that it tells what a
// server does.
func (m *Measured) tight() bool {
	return m != nil && m.Or == nil && m.Rate.Lo > 0 && m.Rate.Hi <= 1.1*m.Rate.Lo && m.Burst.Hi-m.Burst.Lo <= 2
}

// round is the roundest bucket in a tight box: one that somebody may have
// configured. It is false where the box isn't tight, or holds no whole burst.
func (m *Measured) round() (rate, burst float64, ok bool) {
	if !m.tight() {
		return 0, 0, false
	}
	burst = math.Ceil(m.Burst.Lo)
	if burst < 1 || burst > m.Burst.Hi {
		return 0, 0, false
	}
	for step := math.Pow(10, math.Ceil(math.Log10(m.Rate.Hi))); step > 1e-12; step /= 10 {
		for _, part := range []float64{1, 2, 4} { // whole steps, halves, quarters
			if rate = math.Ceil(m.Rate.Lo*part/step) * step / part; rate <= m.Rate.Hi {
				return rate, burst, true
			}
		}
	}
	return 0, 0, false
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
