package history

// The fields of a history file; Reader says what is in them.
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
	keySession    = "session"
	keyMedia      = "media_type"
	keyHints      = "hints"
	keyKind       = "kind"
	keyAttempt    = "attempt"
	keyTrace      = "traceparent"
)

// fieldSet is the set of fields that a line has, by their place in fieldNames.
type fieldSet uint32

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
	fieldSession
	fieldMedia
	fieldHints
	fieldKind
	fieldAttempt
	fieldTrace
	fieldOther // any other name
)

var fieldNames = [fieldOther]string{
	keySent, keyReceived, keyOutcome, keyClient, keyMethod, keyDue, keyCode,
	keyResult, keyID, keyLabel, keyTool, keyStatus, keyRetryAfter, keyDetail, keySession, keyMedia, keyHints, keyKind,
	keyAttempt, keyTrace,
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
	case keySession:
		return fieldSession
	case keyMedia:
		return fieldMedia
	case keyHints:
		return fieldHints
	case keyKind:
		return fieldKind
	case keyAttempt:
		return fieldAttempt
	case keyTrace:
		return fieldTrace
	}
	return fieldOther
}
