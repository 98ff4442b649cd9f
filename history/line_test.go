package history

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// good is a line without fault, to put next to bad ones.
const good = `{"sent_ns":0,"received_ns":812345,"outcome":"admitted"}`

// Ends of lines that begin with a field of their own.
const (
	rest     = `,"received_ns":9,"outcome":"admitted"}`
	restMost = `,"received_ns":9223372036854775807,"outcome":"limited"}`
)

var badLines = []struct {
	name, line, field, problem string
}{
	{"empty object", `{}`, "sent_ns", "sent_ns is missing"},
	{"no sent", `{"received_ns":9,"outcome":"admitted"}`, "sent_ns", "sent_ns is missing"},
	{"no received", `{"sent_ns":1,"outcome":"admitted"}`, "received_ns", "received_ns is missing"},
	{"no outcome", `{"sent_ns":1,"received_ns":9}`, "outcome", "outcome is missing"},
	{"other case isn't the field", `{"Sent_ns":1` + rest, "sent_ns", "sent_ns is missing"},

	{"string instant", `{"sent_ns":"5"` + rest, "sent_ns", "sent_ns is a string, want a whole number"},
	{"boolean instant", `{"sent_ns":true` + rest, "sent_ns", "sent_ns is a boolean, want a whole number"},
	{"null instant", `{"sent_ns":null` + rest, "sent_ns", "sent_ns is null, want a whole number"},
	{"array instant", `{"sent_ns":[1]` + rest, "sent_ns", "sent_ns is an array, want a whole number"},
	{"object instant", `{"sent_ns":{"s":1}` + rest, "sent_ns", "sent_ns is an object, want a whole number"},
	{"fraction", `{"sent_ns":5.5` + rest, "sent_ns", "sent_ns 5.5 has a fraction, want a whole number"},
	{"tiny", `{"sent_ns":1e-400` + rest, "sent_ns", "sent_ns 1e-400 has a fraction, want a whole number"},
	{"overflow", `{"sent_ns":9223372036854775808` + rest, "sent_ns", "sent_ns 9223372036854775808 is out of range"},
	{"overflow by exponent", `{"sent_ns":1e400` + rest, "sent_ns", "sent_ns 1e400 is out of range"},
	{"overflow by far", `{"sent_ns":1e99999999999999999999` + rest, "sent_ns",
		"sent_ns 1e99999999999999999999 is out of range"},
	{"overflow that would wrap", `{"sent_ns":2e19` + rest, "sent_ns", "sent_ns 2e19 is out of range"},
	{"overflow of twenty digits", `{"sent_ns":20000000000000000001` + rest, "sent_ns",
		"sent_ns 20000000000000000001 is out of range"},
	{"exponent that would wrap", `{"sent_ns":1e18446744073709551616` + rest, "sent_ns",
		"sent_ns 1e18446744073709551616 is out of range"},
	{"underflow", `{"code":-9223372036854775809,"sent_ns":1` + rest, "code",
		"code -9223372036854775809 is out of range"},
	{"long numeral", `{"sent_ns":1` + strings.Repeat("0", 60) + rest, "sent_ns",
		"sent_ns 1" + strings.Repeat("0", 39) + "… is out of range"},
	{"negative", `{"sent_ns":-5` + rest, "sent_ns", "sent_ns -5 is negative"},
	{"negative received", `{"sent_ns":0,"received_ns":-1,"outcome":"limited"}`, "received_ns",
		"received_ns -1 is negative"},
	{"negative due", `{"due_ns":-1,"sent_ns":0` + rest, "due_ns", "due_ns -1 is negative"},
	{"backwards", `{"sent_ns":9,"received_ns":5,"outcome":"admitted"}`, "received_ns",
		"received_ns 5 is before sent_ns 9"},
	{"code is text", `{"code":"-32000","sent_ns":1` + rest, "code", "code is a string, want a whole number"},

	{"number as client", `{"client":7,"sent_ns":1` + rest, "client", "client is a number, want a string"},
	{"array as method", `{"method":["x"],"sent_ns":1` + rest, "method", "method is an array, want a string"},
	{"null outcome", `{"sent_ns":1,"received_ns":9,"outcome":null}`, "outcome", "outcome is null, want a string"},
	{"boolean outcome", `{"sent_ns":1,"received_ns":9,"outcome":true}`, "outcome",
		"outcome is a boolean, want a string"},
	{"unknown outcome", `{"sent_ns":1,"received_ns":9,"outcome":"ok"}`, "outcome",
		`outcome "ok" is none of admitted, limited, unknown`},
	{"long outcome", `{"sent_ns":1,"received_ns":9,"outcome":"` + strings.Repeat("x", 39) + `東京"}`, "outcome",
		`outcome "` + strings.Repeat("x", 39) + `…" is none of admitted, limited, unknown`},
	{"outcome in capitals", `{"sent_ns":1,"received_ns":9,"outcome":"Admitted"}`, "outcome",
		`outcome "Admitted" is none of admitted, limited, unknown`},
	{"unknown result", `{"result":"lost","sent_ns":1` + rest, "result",
		`result "lost" is none of tool-error, rejected, broken, timed-out, unsent`},
	{"result isn't text", `{"result":{},"sent_ns":1` + rest, "result", "result is an object, want a string"},
	{"result contradicts", `{"result":"rejected","sent_ns":1` + rest, "result",
		`result "rejected" contradicts outcome "admitted"`},
	{"result contradicts limited", `{"result":"unknown","sent_ns":1,"received_ns":9,"outcome":"limited"}`, "result",
		`result "unknown" contradicts outcome "limited"`},
	{"result ok of unknown", `{"result":"ok","sent_ns":1,"received_ns":9,"outcome":"unknown"}`, "result",
		`result "ok" contradicts outcome "unknown"`},
	{"result limited of unknown", `{"result":"limited","sent_ns":1,"received_ns":9,"outcome":"unknown"}`, "result",
		`result "limited" contradicts outcome "unknown"`},

	{"twice", `{"sent_ns":1,"sent_ns":1` + rest, "sent_ns", "sent_ns is there twice"},
	{"twice, once escaped", `{"sent_ns":1,"sent\u005fns":1` + rest, "sent_ns", "sent_ns is there twice"},
	{"twice, once null", `{"client":null,"client":"a","sent_ns":1` + rest, "client", "client is there twice"},
	{"note twice", `{"id":1,"id":"a","sent_ns":1` + rest, "id", "id is there twice"},

	{"array", `[` + good + `]`, "", "an array, want one object a line (jq -c '.[]')"},
	{"text", `10.0.0.1 - - [24/Nov/2024] "POST /mcp"`, "", "not JSON: '1' at byte 1, where '{' should be"},
	{"null", `null`, "", "not JSON: 'n' at byte 1, where '{' should be"},
	{"two objects", good + good, "", "not JSON: '{' at byte 56, where the line's end should be (one object a line)"},
	{"comma after", good + `,`, "", "not JSON: ',' at byte 56, where the line's end should be (one object a line)"},
	{"NUL after", good + "\x00", "", "not JSON: a NUL at byte 56 (one object a line)"},
	{"NUL in a string", "{\"x\":\"a\x00b\"}", "", "not JSON: a NUL at byte 8"},
	{"NUL before", "\x00" + good, "", "not JSON: a NUL at byte 1"},
	{"late byte order mark", " \ufeff" + good, "", `not JSON: '\ufeff' at byte 2, where '{' should be`},
	{"no key", `{,}`, "", "not JSON: ',' at byte 2, where a key should be"},
	{"bare key", `{sent_ns:1}`, "", "not JSON: 's' at byte 2, where a key should be"},
	{"trailing comma", `{"a":1,}`, "", "not JSON: '}' at byte 8, where a key should be"},
	{"no colon", `{"a" 1}`, "", "not JSON: '1' at byte 6, where ':' should be"},
	{"no value", `{"a":}`, "", "not JSON: '}' at byte 6, where a value should be"},
	{"no comma", `{"a":1 "b":2}`, "", "not JSON: '\"' at byte 8, where ',' or '}' should be"},
	{"NaN", `{"a":NaN}`, "", "not JSON: 'N' at byte 6, where a value should be"},
	{"half a word", `{"a":trux}`, "", "not JSON: 'x' at byte 9, where true should be"},
	{"leading zero", `{"sent_ns":01}`, "", "not JSON: '1' at byte 13, where ',' or '}' should be"},
	{"leading plus", `{"sent_ns":+1}`, "", "not JSON: '+' at byte 12, where a value should be"},
	{"lone minus", `{"sent_ns":-}`, "", "not JSON: '}' at byte 13, where a digit should be"},
	{"no digits after the point", `{"sent_ns":1.}`, "", "not JSON: '}' at byte 14, where a digit should be"},
	{"no exponent", `{"a":1e+}`, "", "not JSON: '}' at byte 9, where a digit should be"},
	{"bad escape", `{"a":"\x"}`, "", `not JSON: 'x' at byte 8, where one of "\/bfnrtu should be`},
	{"bad hex", `{"a":"\u00g0"}`, "", "not JSON: 'g' at byte 11, where a hexadecimal digit should be"},
	{"raw tab in a string", "{\"a\":\"\t\"}", "", `not JSON: '\t' at byte 7, where a character or an escape should be`},
	{"wrong bracket", `{"a":[1}}`, "", "not JSON: '}' at byte 8, where ',' or ']' should be"},
	{"wrong brace", `{"a":{"b":1]}`, "", "not JSON: ']' at byte 12, where ',' or '}' should be"},
	{"comma in a skipped array", `{"a":[1,]}`, "", "not JSON: ']' at byte 9, where a value should be"},
	{"comma in a skipped object", `{"a":{"b":1,}}`, "", "not JSON: '}' at byte 13, where a key should be"},
	{"deep", `{"a":` + strings.Repeat("[", maxDepth), "", "objects and arrays nest deeper than 10000 at byte 10005"},
	{"pretty-printed", `{`, "", "not JSON: the line ends inside the object (one whole object a line: jq needs -c)"},
	{"cut in a string", `{"sent_ns":1,"outcome":"adm`, "",
		"not JSON: the line ends inside the object (one whole object a line: jq needs -c)"},
	{"not UTF-8", "{\"a\":\"\xff\"}", "", "byte 7, 0xff, is not UTF-8"},
	{"surrogate as UTF-8", "{\"a\":\"é\xed\xa0\x80\"}", "", "byte 9, 0xed, is not UTF-8"},
	{"Latin-1", "{\"client\":\"Ren\xe9\"}", "", "byte 15, 0xe9, is not UTF-8"},
	{"long", good + strings.Repeat(" ", MaxLine), "", "longer than 1048576 bytes"},
}

func TestBadLines(t *testing.T) {
	for _, test := range badLines {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(good + "\n\n" + test.line + "\n" + good + "\n"))
			_, err := r.Read()
			require.NoError(t, err)

			c, err := r.Read()
			require.EqualError(t, err, "history: line 3: "+test.problem)
			var bad *LineError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, 3, bad.Line)
			require.Equal(t, test.field, bad.Field)
			require.Equal(t, test.problem, bad.Problem)
			require.Zero(t, c, "a bad line gives no call")

			c, err = r.Read() // the next line is read as if nothing had been
			require.NoError(t, err)
			require.Equal(t, Call{Received: 812345, Outcome: OK}, c)
			require.Equal(t, 4, r.Line())
			_, err = r.Read()
			require.Equal(t, io.EOF, err)
		})
	}
}

func TestErrorsHaveTheirByte(t *testing.T) {
	for line, want := range map[string]int{
		`{"sent_ns":1,"received_ns":"9"}`: 28,
		`{"a":x}`:                         6,
		`{"a":`:                           6,
		`{"sent_ns":9,"received_ns":5,"outcome":"admitted"}`: 0,
	} {
		_, err := NewReader(strings.NewReader(line + "\n")).Read()
		var bad *LineError
		require.ErrorAs(t, err, &bad, line)
		require.Equal(t, want, bad.Byte, line)
	}
}

func TestErrorsQuoteNoNames(t *testing.T) {
	const secret = "sk-1234567890abcdef"
	for _, line := range []string{
		`{"client":["` + secret + `"]}`,
		`{"method":{"` + secret + `":1}}`,
		`{"sent_ns":"` + secret + `"}`,
		`{"client":"` + secret + `","sent_ns":1,"received_ns":0,"outcome":"limited"}`,
		`{"authorization":"` + secret,
	} {
		_, err := NewReader(strings.NewReader(line)).Read()
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret[:6], line)
	}
}

// limitedWith is the call of restMost, changed.
func limitedWith(change func(*Call)) Call {
	c := Call{Received: math.MaxInt64, Outcome: Limited}
	change(&c)
	return c
}

// limitedAt is the call of restMost, sent at an instant as it was due.
func limitedAt(ns time.Duration) Call {
	return limitedWith(func(c *Call) { c.Sent, c.Due = ns, ns })
}

func only(o Outcome) Call { return Call{Outcome: o} }

var goodLines = []struct {
	name, line string
	want       Call
}{
	{"largest instant", `{"sent_ns":9223372036854775807` + restMost, limitedAt(math.MaxInt64)},
	{"epoch", `{"sent_ns":1732412345123456789` + restMost, limitedAt(1732412345123456789)},
	{"epoch as a float", `{"sent_ns":1.732412345e18` + restMost, limitedAt(1732412345000000000)},
	{"epoch as a full float", `{"sent_ns":1.732412345123456789E+18` + restMost, limitedAt(1732412345123456789)},
	{"whole float", `{"sent_ns":1.5e9` + restMost, limitedAt(1500000000)},
	{"point zero", `{"sent_ns":7.000` + restMost, limitedAt(7)},
	{"negative exponent", `{"sent_ns":700e-2` + restMost, limitedAt(7)},
	{"zero with an exponent", `{"sent_ns":0e999999999999` + restMost, limitedAt(0)},
	{"minus zero", `{"sent_ns":-0.0` + restMost, limitedAt(0)},
	{"zeros that an exponent takes back", `{"sent_ns":1` + strings.Repeat("0", 3000) + `e-3000` + restMost,
		limitedAt(1)},
	{"zeros that an exponent gives back", `{"sent_ns":0.` + strings.Repeat("0", 3000) + `1e3001` + restMost,
		limitedAt(1)},
	{"due", `{"due_ns":3,"sent_ns":5` + restMost, limitedWith(func(c *Call) { c.Due, c.Sent = 3, 5 })},
	{"no due is sent", `{"due_ns":null,"sent_ns":5` + restMost, limitedAt(5)},
	{"due before zero sent", `{"due_ns":5,"sent_ns":0` + restMost, limitedWith(func(c *Call) { c.Due = 5 })},
	{"code", `{"code":-32000,"sent_ns":0` + restMost, limitedWith(func(c *Call) { c.Code = -32000 })},
	{"least code", `{"code":-2147483648,"sent_ns":0` + restMost, limitedWith(func(c *Call) { c.Code = math.MinInt32 })},
	{"null client", `{"client":null,"method":null,"code":null,"result":null,"sent_ns":0` + restMost,
		limitedWith(func(*Call) {})},
	{"escapes", `{"client":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","sent_ns":0` + restMost,
		limitedWith(func(c *Call) { c.Client = "a\"\\/\b\f\n\r\té😀" })},
	{"half a pair", `{"client":"\ud83dx\ude00\ud83d\ud83d\ude00","sent_ns":0` + restMost,
		limitedWith(func(c *Call) { c.Client = "\ufffdx\ufffd\ufffd😀" })},
	{"escaped NUL", `{"client":"\u0000","sent_ns":0` + restMost, limitedWith(func(c *Call) { c.Client = "\x00" })},
	{"escaped key and outcome", `{"s\u0065nt_ns":0,"received_ns":0,"outcome":"\u0061dmitted"}`, Call{Outcome: OK}},
	{"not only ASCII", `{"client":"Zoë 東京","sent_ns":0` + restMost, limitedWith(func(c *Call) { c.Client = "Zoë 東京" })},
	{"space", " \t{ \"sent_ns\" :\t0 , \"received_ns\" : 0 , \"outcome\" : \"admitted\" } \t\r", Call{Outcome: OK}},
	{"carriage returns inside", "{\r\"sent_ns\":\r0,\"received_ns\":0,\"x\":[\r1\r],\"outcome\":\"admitted\"\r}",
		Call{Outcome: OK}},
	{"unknown fields",
		`{"a":{"b":[{},[],[1,-2.5e-3,"\u00e9"],{"c":null,"d":{"e":true}}],"f":false},"b":"x","c":0,"d":1e999,"sent_ns":0` + restMost, limitedWith(func(*Call) {})},
	{"unknown field twice", `{"a":1,"a":2,"sent_ns":0` + restMost, limitedWith(func(*Call) {})},
	{"ours inside another", `{"a":{"sent_ns":"x","outcome":1},"sent_ns":0` + restMost, limitedWith(func(*Call) {})},
	{"notes",
		`{"id":7,"label":"burst","tool":"echo","status":429,"retry_after_ns":5e6,"detail":"slow down","sent_ns":0` +
			restMost,
		limitedWith(func(c *Call) {
			c.ID, c.Label, c.Tool, c.Status, c.RetryAfter, c.Detail = 7, "burst", "echo", 429, 5*time.Millisecond,
				"slow down"
		})},
	{"others' notes",
		`{"id":"req-17","label":["a"],"tool":{"name":"x"},"status":"200","retry_after_ns":1.5,"detail":{"x":[1]},"sent_ns":0` + restMost, limitedWith(func(*Call) {})},
	{"others' large notes", `{"id":1e30,"status":99999999999999999999,"sent_ns":0` + restMost,
		limitedWith(func(*Call) {})},
	{"deepest", `{"a":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `,"sent_ns":0` +
		restMost, limitedWith(func(*Call) {})},
	{"unknown", `{"sent_ns":0,"received_ns":0,"outcome":"unknown"}`, only(Unknown)},
	{"unknown twice over", `{"sent_ns":0,"received_ns":0,"outcome":"unknown","result":"unknown"}`, only(Unknown)},
	{"tool error", `{"sent_ns":0,"received_ns":0,"outcome":"unknown","result":"tool-error"}`, only(ToolError)},
	{"rejected", `{"sent_ns":0,"received_ns":0,"result":"rejected","outcome":"unknown"}`, only(Rejected)},
	{"broken", `{"sent_ns":0,"received_ns":0,"result":"broken","outcome":"unknown"}`, only(Broken)},
	{"timed out", `{"sent_ns":0,"received_ns":0,"result":"timed-out","outcome":"unknown"}`, only(TimedOut)},
	{"unsent", `{"sent_ns":0,"received_ns":0,"result":"unsent","outcome":"unknown"}`, only(Unsent)},
	{"result ok", `{"sent_ns":0,"received_ns":0,"result":"ok","outcome":"admitted"}`, only(OK)},
	{"result limited", `{"sent_ns":0,"received_ns":0,"result":"limited","outcome":"limited"}`, only(Limited)},
}

func TestGoodLines(t *testing.T) {
	for _, test := range goodLines {
		t.Run(test.name, func(t *testing.T) {
			// A line of another client before it, to see that nothing stays.
			before := `{"sent_ns":1,"received_ns":2,"outcome":"unknown","result":"broken","client":"x","method":"m","due_ns":1,"code":1,"id":9,"detail":"d"}`
			r := NewReader(strings.NewReader(before + "\n" + test.line + "\n"))
			_, err := r.Read()
			require.NoError(t, err)
			got, err := r.Read()
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestErrorsIsLineErrors(t *testing.T) {
	_, err := ReadAll(strings.NewReader(good + "\n{}\n" + good + "\n[]\n"))
	require.EqualError(t, err, "history: line 2: sent_ns is missing\nhistory: line 4: an array, want one object a "+
		"line (jq -c '.[]')")
	var all *Errors
	require.ErrorAs(t, err, &all)
	require.Equal(t, 2, all.Total)
	var first *LineError
	require.True(t, errors.As(err, &first))
	require.Equal(t, 2, first.Line)
}
