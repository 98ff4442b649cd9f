package wire

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// maxRetryAfter caps what a server may ask for, so that nonsense can't
// overflow.
const maxRetryAfter = 365 * 24 * time.Hour

// How far two clocks may be apart. A Date header is cut to whole seconds, and
// so is the date that it is compared with: together that is two. Where there is
// none, our clock stands in for the server's, and may be off by minutes.
const (
	dateError  = 2 * time.Second
	clockError = 5 * time.Minute
)

// A member says what a known name speaks of, and what it counts in; 0 where
// the name doesn't say.
type member struct {
	kind history.HintKind
	unit time.Duration
}

// members are the names in which servers say when to come back, in small
// letters and without what joins the words.
var members = map[string]member{
	"retryafterms":           {history.HintWait, time.Millisecond},
	"retryaftermillis":       {history.HintWait, time.Millisecond},
	"retryaftermilliseconds": {history.HintWait, time.Millisecond},
	"retryinms":              {history.HintWait, time.Millisecond},
	"retrydelayms":           {history.HintWait, time.Millisecond},
	"waitms":                 {history.HintWait, time.Millisecond},
	"retryafterseconds":      {history.HintWait, time.Second},
	"retryaftersecs":         {history.HintWait, time.Second},
	"retryaftersec":          {history.HintWait, time.Second},
	"retryafters":            {history.HintWait, time.Second},
	"retryinseconds":         {history.HintWait, time.Second},
	"retrydelayseconds":      {history.HintWait, time.Second},
	"waitseconds":            {history.HintWait, time.Second},
	"retryafter":             {history.HintWait, 0},
	"retryin":                {history.HintWait, 0},
	"retrydelay":             {history.HintWait, 0},
	"retryat":                {history.HintWait, 0},
	"resetinms":              {history.HintReset, time.Millisecond},
	"resetafterms":           {history.HintReset, time.Millisecond},
	"resetms":                {history.HintReset, time.Millisecond},
	"resetinseconds":         {history.HintReset, time.Second},
	"resetafterseconds":      {history.HintReset, time.Second},
	"resetseconds":           {history.HintReset, time.Second},
	"resetin":                {history.HintReset, 0},
	"resetsin":               {history.HintReset, 0},
	"resetafter":             {history.HintReset, 0},
	"resetat":                {history.HintReset, 0},
	"resetsat":               {history.HintReset, 0},
	"resettime":              {history.HintReset, 0},
	"ratelimitreset":         {history.HintReset, 0},
	"xratelimitreset":        {history.HintReset, 0},
}

// member notes what stands under a known name: a number in its unit, an instant
// since 1970, a date or time, or a duration as ISO 8601 or Go spell it.
func (r *hintReader) member(from, value string, m member) {
	h := history.Hint{From: from, Raw: value, Kind: m.kind}
	number, form := numeral(value)
	switch {
	case form != noNumber && m.unit != 0 && !(m.unit == time.Second && r.isEpoch(number)):
		h = r.inUnits(h, number, form, m.unit)
	case form != noNumber && m.unit != 0:
		h.Kind, h.Note = history.HintWrong, "a time since 1970 in place of a number of seconds"
	case form != noNumber && math.Abs(number) >= 1e11:
		h = r.instant(h, time.UnixMilli(int64(clampFloat(number, 1e15))), time.Millisecond)
	case form != noNumber && math.Abs(number) >= 1e9:
		h = r.instant(h, time.Unix(int64(number), 0), time.Second)
	case form != noNumber:
		h = r.inUnits(h, number, form, time.Second)
		if h.Kind != history.HintWrong {
			h.Note = history.NoteUnit
		}
	default:
		h = r.spelled(h, value)
	}
	r.add(h)
}

// spelled reads what is no number.
func (r *hintReader) spelled(h history.Hint, value string) history.Hint {
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		step := time.Second
		if at.Nanosecond() != 0 {
			step = time.Millisecond
		}
		return r.instant(h, at, step)
	}
	if at, err := http.ParseTime(value); err == nil {
		return r.instant(h, at, time.Second)
	}
	d, step, ok := isoDuration(value)
	if !ok {
		var err error
		d, err = time.ParseDuration(value)
		step, ok = stepOf(d), err == nil
	}
	switch {
	case !ok:
		h.Kind, h.Note = history.HintWrong, "unreadable"
	case d < 0:
		h.Kind, h.Note = history.HintWrong, "negative"
	default:
		d = min(d, maxRetryAfter)
		h.Lo, h.Hi = d-step, d+step
	}
	return h
}

// stepOf is the precision that a duration seems to be spelled in.
func stepOf(d time.Duration) time.Duration {
	for _, step := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d%step == 0 {
			return step
		}
	}
	return time.Nanosecond
}

// inUnits makes a number an interval: of whole units, either way rounded, it
// means up to one more or less, and of tenths up to a tenth.
func (r *hintReader) inUnits(h history.Hint, number float64, form form, unit time.Duration) history.Hint {
	if number < 0 {
		h.Kind, h.Note = history.HintWrong, "negative"
		return h
	}
	if h.Kind == "" {
		h.Kind = history.HintWait
	}
	d := maxRetryAfter
	if number < float64(maxRetryAfter/unit) {
		d = time.Duration(number * float64(unit))
	}
	step := max(time.Microsecond, time.Duration(float64(unit)*math.Pow10(-form.digits)))
	h.Lo, h.Hi = d-step, d+step
	return h
}

// instant makes an instant of the server's clock an interval from its reply on.
func (r *hintReader) instant(h history.Hint, at time.Time, step time.Duration) history.Hint {
	d, off := at.Sub(r.now), clockError+step
	if !r.date.IsZero() {
		d, off = at.Sub(r.date), dateError
	}
	d = min(max(d, -maxRetryAfter), maxRetryAfter)
	if h.Kind == "" {
		h.Kind = history.HintWait
	}
	switch h.Lo, h.Hi = d-off, d+off; {
	case h.Hi <= 0 && r.date.IsZero(): // our clock may be the wrong one
		h.Lo, h.Hi, h.Note = -maxRetryAfter, maxRetryAfter, "in the past by our clock, and no Date says the server's"
	case h.Hi <= 0:
		h.Lo, h.Hi, h.Kind, h.Note = 0, 0, history.HintWrong, "in the past"
	}
	return h
}

// isEpoch reports if a number is an instant since 1970 of this year or so, in
// seconds or milliseconds, rather than a number of seconds from now.
func (r *hintReader) isEpoch(number float64) bool {
	now := r.now
	if !r.date.IsZero() {
		now = r.date
	}
	near := func(seconds float64) bool { return math.Abs(seconds-float64(now.Unix())) < maxRetryAfter.Seconds() }
	return near(number) || near(number/1000)
}

// A form is how a number is spelled.
type form struct {
	number bool
	digits int // behind the point
}

// noNumber is the form of what isn't one.
var noNumber = form{}

var numeralForm = regexp.MustCompile(`^-?[0-9]+(\.([0-9]+))?$`)

// numeral reads digits, with a sign and a fraction or without: no exponents and
// no infinities, which no client reads.
func numeral(text string) (float64, form) {
	m := numeralForm.FindStringSubmatch(text)
	if m == nil {
		return 0, noNumber
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range it is infinite, which the caller caps
	return f, form{true, min(len(m[2]), 9)}
}

func clampFloat(f, most float64) float64 { return min(max(f, -most), most) }

var isoForm = regexp.MustCompile(
	`^(-?)P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,]([0-9]{1,9}))?S)?)?$`)

// isoDuration reads a duration as ISO 8601 has it, such as PT1.5S, without
// months and years.
func isoDuration(text string) (d, step time.Duration, ok bool) {
	m := isoForm.FindStringSubmatch(text)
	if m == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, 0, false
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.ParseFloat("0"+m[i+2], 64) // digits, or none
		d = min(d+time.Duration(min(n, float64(maxRetryAfter/unit))*float64(unit)), maxRetryAfter)
	}
	step = time.Second
	if f := m[6]; f != "" {
		n, _ := strconv.ParseFloat("0."+f, 64) // digits
		d += time.Duration(n * float64(time.Second))
		step = max(time.Microsecond, time.Duration(float64(time.Second)*math.Pow10(-len(f))))
	}
	if m[1] == "-" {
		d = -d
	}
	return d, step, true
}
