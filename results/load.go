package results

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// A Load is what a run of general load measured, beside what every scenario
// has. Its quantiles come from HdrHistograms and are right to three significant
// digits; the maximum is exact.
type Load struct {
	Shape       string  `json:"shape"`    // as it was asked for, such as 2000/s or max
	Arrivals    string  `json:"arrivals"` // "even", "poisson", "replay" or "closed"
	Seconds     float64 `json:"seconds"`  // from the first due instant to the end of sending
	Sessions    int     `json:"sessions"`
	Connections int     `json:"connections,omitempty"` // at most, together; 0 where the transport has none
	Processes   int     `json:"processes,omitempty"`   // stdio servers
	Streams     int     `json:"streams,omitempty"`     // connections beside these: each holds a session's own stream
	HTTP        string  `json:"http,omitempty"`        // "1.1" or "2"
	Stopped     string  `json:"stopped,omitempty"`     // why it ended before its time

	Outcomes map[string]int64 `json:"outcomes"` // calls by history outcome; a sum of them is what was due
	Waited   Quantiles        `json:"waited"`   // from due: results, and calls given up, which waited at least so long
	Service  Quantiles        `json:"service"`  // from sent: results
	HDR      string           `json:"hdr"`      // Waited as a compressed HdrHistogram V2, base64, in ns
	Tools    []LoadTool       `json:"tools"`
	Failures []LoadFailure    `json:"failures,omitempty"` // the most frequent reasons, at most ten
	Series   []LoadInterval   `json:"series"`

	Setup     LoadSetup      `json:"setup"`
	Client    *LoadClient    `json:"client,omitempty"` // nil where there was nothing
	Recovery  *LoadRecovery  `json:"recovery,omitempty"`
	Integrity *LoadIntegrity `json:"integrity,omitempty"`
	Schema    *LoadSchema    `json:"schema,omitempty"`         // nil where results weren't looked into
	Server    *LoadServer    `json:"server_process,omitempty"` // nil where the server is no child of ours
	Generator LoadGenerator  `json:"generator"`
	// what else the verdicts rest on; nil where an older version kept the run
	Setting  *LoadSetting  `json:"setting,omitempty"`
	Capacity *LoadCapacity `json:"capacity,omitempty"` // of a search
	Measures *LoadMeasures `json:"measures,omitempty"` // of a part of a plan, to be put together with the others
}

// A LoadTool is what came of the calls of one tool, or of one method that is
// no tool.
type LoadTool struct {
	Tool     string           `json:"tool"`
	Calls    Counts           `json:"calls"`
	Outcomes map[string]int64 `json:"outcomes"`
	Waited   Quantiles        `json:"waited"`
	Service  Quantiles        `json:"service"`
}

// A LoadFailure is why calls failed.
type LoadFailure struct {
	Outcome string `json:"outcome"`
	Detail  string `json:"detail"`
	Count   int64  `json:"count"`
}

// A LoadInterval is an interval of the run: the calls that ended in it. In a
// long run neighbours are put together; their quantiles are then the highest.
type LoadInterval struct {
	At         float64 `json:"at_s"` // its begin, seconds from the run's start
	Seconds    float64 `json:"seconds"`
	OK         int64   `json:"ok"`
	Refused    int64   `json:"refused"`
	Failed     int64   `json:"failed"` // neither
	Unsent     int64   `json:"unsent"`
	ClosedIdle int64   `json:"closed_idle,omitempty"` // written on connections that the server closed while idle
	Due        int64   `json:"due,omitempty"`         // calls that were due in it
	InFlight   float64 `json:"in_flight,omitempty"`   // calls without a reply, on average
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
}

// LoadSetup is what it cost to get ready: sessions, and connections by phase.
type LoadSetup struct {
	Handshake Quantiles `json:"handshake"`  // whole set-ups of sessions
	Failed    int64     `json:"failed"`     // set-ups of sessions that failed during the run
	Reopened  int64     `json:"reopened"`   // sessions that the server forgot (HTTP 404), and that were opened anew
	Connect   Quantiles `json:"connect"`    // TCP or unix connections
	TLS       Quantiles `json:"tls"`        // handshakes
	FirstByte Quantiles `json:"first_byte"` // from sent to the reply's first byte; empty where nobody measured it
}

// A LoadClient is what a load did beside its calls, as a client of the server: what
// it answered when that asked, and what became of streams.
type LoadClient struct {
	Answers   int64     `json:"answers"`    // requests of the server that were answered
	Delay     Quantiles `json:"delay"`      // from the request to its answer
	StreamEnd Quantiles `json:"stream_end"` // from a response to the end of its stream, where that came later
	Listened  int64     `json:"listened"`   // standalone streams that were open
	Ended     int64     `json:"ended"`      // those that the server ended
	Broke     int64     `json:"broke"`      // those whose connection broke
	// streams of calls that were asked for again, since they ended before the response
	Resumed int64 `json:"resumed"`
	// calls that were made once more, since the server closed their idle connection
	Repeated int64 `json:"repeated,omitempty"`
	// requests that were sent once more with another token, since theirs was refused
	ShownAnew int64 `json:"shown_anew,omitempty"`
}

// Words says it in a line; empty where there is nothing to say.
func (c *LoadClient) Words() string {
	var parts []string
	if c == nil {
		return ""
	}
	if c.Answers > 0 {
		parts = append(parts, fmt.Sprintf("%d requests of the server answered, p50 %s, p99 %s later", c.Answers,
			ms(c.Delay.P50), ms(c.Delay.P99)))
	}
	if e := c.StreamEnd; e.N > 0 {
		parts = append(parts, fmt.Sprintf("streams ended p50 %s, p99 %s after their response (n=%d)", ms(e.P50),
			ms(e.P99), e.N))
	}
	if c.Resumed > 0 {
		parts = append(parts, fmt.Sprintf("%d streams resumed", c.Resumed))
	}
	if c.Repeated > 0 {
		parts = append(parts, fmt.Sprintf("%d calls made once more, as the server closed their idle connection",
			c.Repeated))
	}
	if c.ShownAnew > 0 {
		parts = append(parts, fmt.Sprintf("%d requests sent once more with another token", c.ShownAnew))
	}
	if c.Listened > 0 {
		parts = append(parts, fmt.Sprintf("%d standalone streams (%d ended, %d broke)", c.Listened, c.Ended, c.Broke))
	}
	return strings.Join(parts, "; ")
}

// A LoadRecovery is how long the server took to get back to normal after each
// burst. Normal is what calls waited before the first burst.
type LoadRecovery struct {
	Bursts  int     `json:"bursts"`
	Normal  float64 `json:"normal_ms"` // what nine in ten calls keep once it has recovered
	Median  float64 `json:"median_ms"` // of the bursts it recovered from
	Longest float64 `json:"longest_ms"`
	Step    float64 `json:"step_ms"` // how finely recovery is told
	Never   int     `json:"never"`   // bursts that the next one, or the end, came upon before it had recovered
}

// LoadIntegrity is how replies matched their requests.
type LoadIntegrity struct {
	Checked    int64 `json:"checked"`    // replies whose nonce was looked for
	CrossTalk  int64 `json:"cross_talk"` // held another call's nonce, or answered another id
	Missing    int64 `json:"missing"`    // held no nonce
	Duplicates int64 `json:"duplicates"` // requests that were answered twice
	Lost       int64 `json:"lost"`       // sent, and never answered while we waited
}

// LoadSchema is how results kept to what the specification demands of each by itself.
type LoadSchema struct {
	Checked  int64        `json:"checked"` // results that were looked into
	Wrong    int64        `json:"wrong"`   // that broke a row at least
	Breaches []LoadBreach `json:"breaches,omitempty"`
}

// A LoadBreach is a row of conformance that results of a method broke.
type LoadBreach struct {
	Row     string `json:"row"`
	Section string `json:"section"` // of the specification
	Says    string `json:"says"`    // what is demanded: "the server …"
	Method  string `json:"method"`
	Saw     string `json:"saw"` // of the first
	Count   int64  `json:"count"`
}

// A LoadServer is what the server's process used, with the processes that it
// started. CPU is in cores, memory in bytes.
type LoadServer struct {
	Samples int         `json:"samples"`
	CPU     float64     `json:"cpu_cores"` // mean over the run
	RSS     LoadSpan    `json:"rss_bytes"`
	FDs     LoadSpan    `json:"fds"`
	Threads LoadSpan    `json:"threads"`
	Growth  []LoadSlope `json:"growth,omitempty"` // what grew or shrank; empty where the run was too short to tell
	Series  []LoadUsage `json:"series,omitempty"` // over time, at most 240
}

// A LoadUsage is what a server used from the sample before to this one.
type LoadUsage struct {
	At  float64 `json:"at_s"`      // of the sample, seconds from the run's start
	CPU float64 `json:"cpu_cores"` // mean since the sample before
	RSS float64 `json:"rss_bytes"`
}

// A LoadSpan is the first, the last and the highest sample.
type LoadSpan struct {
	First float64 `json:"first"`
	Last  float64 `json:"last"`
	Max   float64 `json:"max"`
}

// A LoadSlope is how fast something grows, with its 99 % confidence interval.
type LoadSlope struct {
	What    string  `json:"what"` // "rss", "fds" or "threads"
	PerMin  float64 `json:"per_min"`
	Lo      float64 `json:"lo"`
	Hi      float64 `json:"hi"`
	PerCall float64 `json:"per_call,omitempty"` // likewise, a call; 0 where none ended
	// it grew steadily through the whole run, under a steady load, and by more than heaps, caches and pools
	// do that come to their bound later
	Leak bool `json:"leak"`
	// why it can't be told if this growth is a leak
	Untold string `json:"untold,omitempty"`
}

// LoadGenerator is our own part: what of the numbers above may be our fault.
type LoadGenerator struct {
	Pacing   Quantiles `json:"pacing"`    // from due to handed over, our own fault alone; empty in a closed loop
	Late     Quantiles `json:"late"`      // from due to sent, waiting for a connection included
	CPU      float64   `json:"cpu_cores"` // mean over the run
	Cores    int       `json:"cores"`     // that there are
	GC       Quantiles `json:"gc_pause"`
	Peak     int       `json:"peak_in_flight"`
	InFlight float64   `json:"mean_in_flight,omitempty"` // calls that the server had at a time, of a closed loop
	// that this machine had too little time for us; empty where it had not
	Starved string `json:"starved,omitempty"`
	Limited string `json:"limited,omitempty"` // why the generator was the limit; empty where it wasn't
	Sampled int    `json:"sampled,omitempty"` // one call in so many is in the history, or with it; 0: all
}

// A LoadSetting is what a load's verdicts rest on beside its calls and its measures.
// With it a kept run is judged again as it was when it was fresh.
type LoadSetting struct {
	BeginNS    int64    `json:"begin_ns"` // the instant that the history's clock showed when the first call was due
	AskedNS    int64    `json:"asked_ns"` // how long calls were to be due
	Closed     bool     `json:"closed,omitempty"`
	InFlight   int      `json:"in_flight,omitempty"` // of a closed loop: calls that were to be under way
	Thresholds []string `json:"thresholds,omitempty"`
	Wanted     int      `json:"sessions"`               // that were asked for
	Missed     string   `json:"sessions_why,omitempty"` // why there were fewer; empty where there weren't
	Spoilt     int64    `json:"spoilt,omitempty"`       // calls that failed while this machine stood still
	Touched    int64    `json:"touched,omitempty"`      // calls for a part of whose time it did
	StallNS    int64    `json:"longest_stall_ns,omitempty"`
	Lacked     int64    `json:"lacked,omitempty"`  // calls that failed for want of something of ours
	Gone       bool     `json:"gone,omitempty"`    // the server was, before the end
	Aborted    string   `json:"aborted,omitempty"` // the condition of --abort-on that held
	Echo       bool     `json:"echo,omitempty"`    // replies were held to their requests
	Nonces     int64    `json:"nonces,omitempty"`  // results of calls that had a nonce to give back
	Schema     bool     `json:"schema,omitempty"`  // results were held to the specification
	Shaped     int64    `json:"shaped,omitempty"`  // results of which it demands anything
}

// LoadCapacity is what a search for the highest sustainable rate found.
type LoadCapacity struct {
	Rate      float64     `json:"rate"`            // the highest that was confirmed, a second; 0 where none was
	Above     float64     `json:"above,omitempty"` // the lowest that failed; 0 where none did
	Confirmed int         `json:"confirmed"`       // runs at Rate that kept every threshold
	Limited   bool        `json:"generator_limited"`
	Why       string      `json:"why"` // what ended the search, in words
	Trials    []LoadTrial `json:"trials"`
}

// A LoadTrial is one whole run of a search.
type LoadTrial struct {
	Rate     float64 `json:"rate"`     // a second, asked for
	Achieved float64 `json:"achieved"` // results a second
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Errors   float64 `json:"errors"`            // share
	Refused  bool    `json:"refused,omitempty"` // every call was
	Phase    string  `json:"phase"`             // "bracket", "bisect" or "confirm"
	Verdict  string  `json:"verdict"`           // "kept", "broken" or "generator"
	Why      string  `json:"why,omitempty"`
}

// PictureCalls is how many of a load's calls make a picture, which has a few
// thousand points. What is said in numbers is said of all calls anyway.
const PictureCalls = 50_000

// Picture returns the calls of a load, by server, that a picture draws on: all,
// or where one has more than PictureCalls every step-th, which the document then
// notes. Each hands all calls to its argument, of which no server has more than
// most.
func (d *Document) Picture(most int, each func(fn func(server string, c *history.Call) error) error) (
	map[string][]history.Call, error) {
	step := max(1, (most+PictureCalls-1)/PictureCalls)
	some, n := map[string][]history.Call{}, map[string]int{}
	err := each(func(server string, c *history.Call) error {
		if n[server]%step == 0 {
			some[server] = append(some[server], *c)
		}
		n[server]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.thin(step)
	return some, nil
}

// thin notes that only one in so many of the calls of a load is there to be drawn.
func (d *Document) thin(step int) {
	for i := range d.Servers {
		for j := range d.Servers[i].Scenarios {
			if l := d.Servers[i].Scenarios[j].Load; l != nil && step > 1 {
				l.Generator.Sampled = step * max(1, l.Generator.Sampled)
			}
		}
	}
}
