package drive

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A fieldRow is one promise of the field.
type fieldRow struct {
	number   int
	who      string
	promises []fieldPromise
	open     string // why it isn't judged whole
}

// A fieldPromise is what one run is held to.
type fieldPromise struct {
	laws    []string
	header  bool
	clients int
	budget  time.Duration
	calls   int
	lasts   time.Duration
	long    bool // it takes seconds to judge
}

// readField reads testdata/field.txt.
func readField(t testing.TB) (rows []fieldRow) {
	t.Helper()
	file, err := os.Open("testdata/field.txt")
	require.NoError(t, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		text := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, " ")
		switch {
		case text == "" || text[0] == '#':
			continue
		case !indented && text != "or":
			number, who, _ := strings.Cut(text, " ")
			n, err := strconv.Atoi(number)
			require.NoError(t, err, line)
			rows = append(rows, fieldRow{number: n, who: who})
			fallthrough
		case text == "or":
			row := &rows[len(rows)-1]
			row.promises = append(row.promises, fieldPromise{})
			continue
		}
		row := &rows[len(rows)-1]
		p := &row.promises[len(row.promises)-1]
		if why, ok := strings.CutPrefix(text, "open "); ok {
			row.open = why
		} else if with, ok := strings.CutPrefix(text, "with "); ok {
			p.with(t, strings.Fields(with))
		} else {
			p.laws = append(p.laws, text)
		}
	}
	return rows
}

// with reads what a run is told beside the promise.
func (p *fieldPromise) with(t testing.TB, words []string) {
	t.Helper()
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "header":
			p.header = true
		case "long":
			p.long = true
		case "clients":
			p.clients, err = strconv.Atoi(value)
		case "calls":
			p.calls, err = strconv.Atoi(value)
		case "lasts":
			p.lasts, err = time.ParseDuration(value)
		case "budget":
			p.budget, err = time.ParseDuration(value)
		default:
			t.Fatalf("%q", word)
		}
		require.NoError(t, err, word)
	}
}

// job is a run that is held to it.
func (p fieldPromise) job(t testing.TB, fault string, charge mock.Charging, seed uint64, delay virtual.Delay) Job {
	t.Helper()
	laws, err := ParsePromise(p.laws)
	require.NoError(t, err)
	profile := profiles.Profile{Name: "field", Promise: laws, Call: profiles.LoadCall{Method: "tools/call",
		Tool: "echo"}}
	profile.Settle()
	j := Job{Target: target.Target{Profile: profile, Kind: target.Mock, Seed: seed, Clients: p.clients,
		Mock: mock.Config{Profile: profile, Fault: fault, Charge: charge, Latency: p.lasts}},
		Scenarios: scenarios.Catalogue(), Virtual: delay}
	if p.header {
		j.Identity.Header, j.Mock.IdentityHeader = "X-Client", "X-Client"
	}
	if profile.Lawful() {
		j.Scenarios = []scenarios.Scenario{scenarios.Laws()}
		j.Laws = &Laws{Promise: laws, Budget: scenarios.DefaultLawBudget, Calls: p.calls, Hasty: true, Spend: true}
		if p.budget > 0 {
			j.Laws.Budget = p.budget
		}
		if p.clients == 0 {
			j.Clients = max(target.DefaultClients, j.Laws.speakers())
		}
		j.Complete()
	}
	return j
}

// fieldRun is a run with a handshake before it, as every real one has: who of those that
// charge everything has charged that as well.
func fieldRun(t testing.TB, j Job) results.Server {
	t.Helper()
	j = j.charged()
	out := Outcome{Server: j.Describe()}
	clock := virtual.NewClock()
	c := j.Mock
	c.Seed = j.Seed
	server, err := VirtualServer(clock, c, j.Virtual, rand.New(rand.NewPCG(j.Seed, salt("field"))))
	require.NoError(t, err)
	server.Timeout = 30 * time.Second
	greeting := []string{"server/discover"}
	if j.Profile.NeedsSessions() != "" {
		greeting = []string{"initialize", "notifications/initialized"}
	}
	if j.Laws != nil {
		j.Laws.epoch = virtualEpoch
	}
	if j.Laws != nil {
		for k := range j.Planned().Clients {
			j.Laws.before = append(j.Laws.before, history.Arrival{Method: greeting[0]})
			if k == 0 {
				j.Laws.before = append(j.Laws.before, history.Arrival{Method: "tools/list"}, history.Arrival{
					Method: "tools/call", Tool: "echo"})
			}
		}
	}
	course := j.course(j.Scenarios, j.Planned(), 0, nil)
	clients := j.Planned().Clients
	calls, err := runner.Run(t.Context(), clock, server, func(yield func(history.Arrival) bool) {
		at := time.Duration(0)
		put := func(a history.Arrival) bool {
			a.Due, a.Label = at, history.Handshake
			at += 20 * time.Millisecond
			return yield(a)
		}
		for k, client := range clients {
			for _, method := range greeting {
				put(history.Arrival{Client: client, Method: method})
			}
			if k == 0 {
				put(history.Arrival{Client: client, Method: "tools/list"})
				put(history.Arrival{Client: client, Method: "tools/call", Tool: "echo"})
			}
		}
		at += breath
		if j.Laws == nil { // as quiet does
			at += time.Duration(float64(len(clients)*len(greeting)+2) / j.Profile.Limit.Rate * 1e9)
		}
		course.begin = at
		course.arrivals()(yield)
	}, course.watched(runner.Config{}))
	require.NoError(t, err)
	for i := range calls {
		if strings.HasPrefix(calls[i].Method, "notifications/") {
			calls[i].Kind = history.Notification
		}
	}
	out.Calls = calls
	out.judge(j)
	doc := &results.Document{Servers: []results.Server{out.Server}}
	doc.Finish()
	return doc.Servers[0]
}

// says is what a run found of each law, for whoever reads that a test failed.
func says(s results.Server) string {
	var out []string
	for _, l := range s.Laws {
		out = append(out, fmt.Sprintf("[%s: %s]", l.Law, l.State))
	}
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict != verdict.Pass {
				out = append(out, fmt.Sprintf("%s %s: %s %s", f.Check, f.Verdict, f.Saw, f.Warnings))
			}
		}
	}
	return strings.Join(out, "\n")
}

// chargings are how an honest server may charge what is beside the load, where its promise
// doesn't say that.
func chargings(laws promise.Promise) []mock.Charging {
	others := func(l promise.Law) bool {
		return slices.ContainsFunc(l.Charge.Methods, func(m string) bool { return m != "tools/call" })
	}
	if slices.ContainsFunc(laws, others) {
		return []mock.Charging{mock.ChargeAll}
	}
	return []mock.Charging{mock.ChargeAll, mock.ChargeTools}
}

// honest judges servers that keep a promise: whatever the delays none fails, and where they
// are short each law is shown.
func (p fieldPromise) honest(t *testing.T, seeds uint64) {
	laws, err := ParsePromise(p.laws)
	require.NoError(t, err)
	delays := []virtual.Delay{virtual.Exp(time.Millisecond), nil, virtual.Exp(20 * time.Millisecond),
		virtual.Exp(300 * time.Millisecond), virtual.Uniform(0, 100*time.Millisecond), virtual.Exp(3 * time.Second)}
	for _, charge := range chargings(laws) {
		for seed := range seeds {
			s := fieldRun(t, p.job(t, "", charge, seed, delays[seed%uint64(len(delays))]))
			require.NotEqual(t, verdict.Fail, s.Verdict, "honest, seed %d, charges %s: %s", seed, charge, says(s))
			require.True(t, s.Verdict == verdict.Pass || seed > 0, "honest, charges %s: %s", charge, says(s))
		}
	}
}

// broken judges servers that break a law of a promise. Where it isn't kept at all, the run
// fails; with a unit more as well, or it doesn't pass, where a calendar may have reset a quota
// meanwhile; with a unit less it doesn't pass, but of a bucket, which is measured to a token.
func (p fieldPromise) broken(t *testing.T, x int, l promise.Law, faults []string) {
	for _, name := range faults {
		f, known := mock.LawFaultNamed(name)
		require.True(t, known, name)
		if can, told := f.Of(l); !can || !told {
			continue
		}
		fault, charge := fmt.Sprintf("%s@%d", name, x+1), mock.ChargeAll
		switch {
		case p.job(t, "", "", 0, nil).Laws == nil:
			fault = map[string]string{"law-missing": "off", "law-n+1": "burst+1", "law-n-1": "burst-1"}[name]
		case name == "law-n+1" && l.Charge.Methods == nil:
			charge = mock.ChargeTools // what it grants more is more than a handshake took
		}
		s := fieldRun(t, p.job(t, fault, charge, 5, virtual.Exp(time.Millisecond)))
		switch {
		case name == "law-n-1" && l.Kind == promise.Bucket:
		case name == "law-n-1" || name == "law-n+1" && l.Kind == promise.Quota && l.Zone == "":
			require.NotEqual(t, verdict.Pass, s.Verdict, "%s: %s", fault, says(s))
		default:
			require.Equal(t, verdict.Fail, s.Verdict, "%s: %s", fault, says(s))
		}
	}
}

// fieldSeeds is how often an honest server of each row is judged: FIELD_SEEDS, as every night,
// where all rows are broken in all ways as well; without it rows that take long aren't.
func fieldSeeds(t *testing.T) (seeds uint64, nightly bool) {
	t.Helper()
	text := os.Getenv("FIELD_SEEDS")
	if text == "" {
		return 1, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return n, true
}

// fieldWhole is how many of the promises are judged whole; docs/PROMISES.md says it, too.
const fieldWhole = 88

// TestPromisesOfTheField: of the 96, so many are declared, planned for, and judged in virtual
// time: an honest server is passed with every law kept, and one that breaks any of them fails.
func TestPromisesOfTheField(t *testing.T) {
	rows, whole := readField(t), 0
	require.Len(t, rows, 96)
	seeds, nightly := fieldSeeds(t)
	for k, row := range rows {
		require.Equal(t, k+1, row.number)
		if row.open != "" {
			continue
		}
		whole++
		t.Run(fmt.Sprintf("%d %s", row.number, row.who), func(t *testing.T) {
			t.Parallel()
			for _, p := range row.promises {
				laws, err := ParsePromise(p.laws)
				require.NoError(t, err)
				require.NotEmpty(t, laws)
				p.honest(t, seeds)
				for x, l := range laws {
					switch faults := []string{"law-missing", "law-n+1", "law-n-1"}; {
					case nightly || !p.long:
						p.broken(t, x, l, faults)
					case x == len(laws)-1:
						p.broken(t, x, l, faults[:1])
					}
				}
			}
		})
	}
	require.Equal(t, fieldWhole, whole)
	text, err := os.ReadFile("../../docs/PROMISES.md")
	require.NoError(t, err)
	require.Contains(t, string(text), fmt.Sprintf("%d of the 96", fieldWhole))
}
