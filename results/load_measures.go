package results

// LoadMeasures are a load's measures as they are needed to put the parts of one plan
// together exactly: what the document says of a part is made of them.
type LoadMeasures struct {
	Tools   []ToolMeasures          `json:"tools"`
	Series  []IntervalMeasures      `json:"series"` // of one second each, from the first
	Spans   map[string]Distribution `json:"spans"`  // by what they are of, such as late and handshake
	Reasons []LoadFailure           `json:"reasons"`
	// by tool: calls that crossed the end of a connection and may have done harm
	Harm map[string]int64 `json:"harm,omitempty"`
	// when the last call ended that got a result, from the plan's start
	ResultNS  int64      `json:"result_ns"`
	DueNS     int64      `json:"due_ns"`         // the last due instant
	Tail      []TailCall `json:"tail,omitempty"` // the last of those that ended after the last result
	ServiceNS int64      `json:"service_ns"`     // of all calls that were sent, together
	QueuedNS  int64      `json:"queued_ns"`      // from due to sent, likewise
	// from responses to the ends of their replies; of a closed loop
	EndingNS int64 `json:"ending_ns"`
}

// ToolMeasures are those of one tool, or of one method that is no tool.
type ToolMeasures struct {
	Tool     string           `json:"tool"`
	Outcomes map[string]int64 `json:"outcomes"`
	Response Distribution     `json:"response"` // from due: results
	Service  Distribution     `json:"service"`  // from sent: results
	GaveUp   Distribution     `json:"gave_up"`  // from due: calls that timed out
	Refused  Distribution     `json:"refused"`  // from due: refusals
}

// IntervalMeasures are those of one interval of the series.
type IntervalMeasures struct {
	OK         int64        `json:"ok"`
	Refused    int64        `json:"refused,omitempty"`
	Failed     int64        `json:"failed,omitempty"`
	Unsent     int64        `json:"unsent,omitempty"`
	ClosedIdle int64        `json:"closed_idle,omitempty"`
	Due        int64        `json:"due,omitempty"`       // calls that were due in it
	InFlight   float64      `json:"in_flight,omitempty"` // calls without a reply, on average
	Waited     Distribution `json:"waited"`
}

// A Distribution is a compressed HdrHistogram V2 in ns, as base64, and the exact
// maximum. Empty is none.
type Distribution struct {
	HDR   string `json:"hdr,omitempty"`
	MaxNS int64  `json:"max_ns,omitempty"`
}

// A TailCall is a call without a result.
type TailCall struct {
	EndedNS int64  `json:"ended_ns"` // from the plan's start
	Outcome string `json:"outcome"`
}
