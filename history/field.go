package history

// The fields of a history file. A file is JSON Lines (jsonlines.org): UTF-8,
// one JSON object (RFC 8259) a line, one object a call.
//
//	sent_ns         required  instant, ns: just before the request was written
//	received_ns     required  instant, ns: just after the reply was read; at least sent_ns
//	outcome         required  admitted, limited or unknown
//	client          optional  string: who sent it; "" is one anonymous client
//	method          optional  string: the JSON-RPC method
//	due_ns          optional  instant, ns: when it was planned; sent_ns where it isn't there
//	code            optional  whole number: JSON-RPC error code
//	result          optional  refines unknown: tool-error, rejected, broken, timed-out or unsent
//	id, label, tool, status, retry_after_ns, detail
//	                optional  notes: as in Call, durations in ns
//
// An instant is a whole number from 0 to 2⁶³−1 of one clock, whose zero is
// anyone's choice: the run's start, or 1970 in a file made from an access log.
// 1.5e9 is as good as 1500000000. An optional field that is null isn't there.
// Fields with other names are ignored, whatever they hold. So is a note of
// another type than ours ("id":"req-17"): logs have fields of these names too,
// and no verdict on a limit rests on one.
const (
	keySent       = "sent_ns"
	keyReceived   = "received_ns"
	keyOutcome    = "outcome"
	keyClient     = "client"
	keyMethod     = "method"
	keyDue        = "due_ns"
	keyCode       = "code"
	keyResult     = "result"
	keyID         = "id"
	keyLabel      = "label"
	keyTool       = "tool"
	keyStatus     = "status"
	keyRetryAfter = "retry_after_ns"
	keyDetail     = "detail"
)

// fieldSet is the set of fields that a line has, by their place in fieldNames.
type fieldSet uint16

// Fields' places; the order is that of errors about missing ones.
const (
	fieldSent = iota
	fieldReceived
	fieldOutcome
	fieldClient
	fieldMethod
	fieldDue
	fieldCode
	fieldResult
	fieldID
	fieldLabel
	fieldTool
	fieldStatus
	fieldRetryAfter
	fieldDetail
	fieldOther // any other name
)

var fieldNames = [fieldOther]string{
	keySent, keyReceived, keyOutcome, keyClient, keyMethod, keyDue, keyCode,
	keyResult, keyID, keyLabel, keyTool, keyStatus, keyRetryAfter, keyDetail,
}

func fieldOf(key []byte) int {
	switch string(key) {
	case keySent:
		return fieldSent
	case keyReceived:
		return fieldReceived
	case keyOutcome:
		return fieldOutcome
	case keyClient:
		return fieldClient
	case keyMethod:
		return fieldMethod
	case keyDue:
		return fieldDue
	case keyCode:
		return fieldCode
	case keyResult:
		return fieldResult
	case keyID:
		return fieldID
	case keyLabel:
		return fieldLabel
	case keyTool:
		return fieldTool
	case keyStatus:
		return fieldStatus
	case keyRetryAfter:
		return fieldRetryAfter
	case keyDetail:
		return fieldDetail
	}
	return fieldOther
}
