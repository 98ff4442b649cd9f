package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// FuzzReader holds the hand-written scanner to encoding/json: line by line,
// both must refuse or both must read the same call. What was read must
// survive a round trip.
func FuzzReader(f *testing.F) {
	f.Add([]byte(good + "\n\n" + good))
	f.Fuzz(func(t *testing.T, file []byte) { agree(t, file) })
}

// TestScannerAgreesWithEncodingJSON is the fuzz target on lines that are made
// of the pieces that matter, so that every run of the tests tries many.
func TestScannerAgreesWithEncodingJSON(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, ` `, "\t", "\r", "\n", "\x00", "\ufeff", "\xff", "é", `\u00e9`,
		`\ud83d`, `\ude00`, `\u00`,
		`0`, `1`, `-`, `.`, `e`, `E+`, `9223372036854775807`, `9223372036854775808`, `1.5e9`, `1e400`, `-0`, `01`,
		`12e-1`,
		`true`, `false`, `null`, `"a"`, `""`, `"\n"`, `"x":`, `"admitted"`, `"limited"`, `"unknown"`, `"broken"`,
		`"ok"`,
		`"sent_ns":`, `"received_ns":`, `"outcome":`, `"client":`, `"due_ns":`, `"code":`, `"result":`, `"id":`,
		`"detail":`, `"session":`, `"media_type":`, `"status":`, `"kind":"answer"`, `"notification"`,
		`"sent_ns":1,`, `"received_ns":2,`, `"outcome":"unknown",`, `"sent\u005fns":1`, `{"a":[1,{"b":null}]}`,
		`{"sent_ns":1,"received_ns":2,"outcome":"admitted"`, `,"x":`, `,"client":`, `,"code":`, `,"id":`,
	})
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			tail := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), "")
			accepted += agree(t, []byte(tail))
			accepted += agree(t, []byte(`{"sent_ns":1,"received_ns":20000000000,"outcome":"unknown","x":`+tail+`}`))
			value := pieces.Draw(t, "value")
			key := rapid.SampledFrom(fieldNames[:]).Draw(t, "key")
			accepted += agree(t, []byte(`{"`+key+`":`+value+`,"x":[`+value+
				`],"sent_ns":1,"received_ns":20000000000,"outcome":"unknown"}`))
			accepted += agree(t, []byte(`{"received_ns":9223372036854775807,"outcome":"unknown","sent_ns":`+tail+`}`))
		}
	})
	require.Greater(t, accepted, 100, "lines that both read")
}

// agree compares, and returns how many calls were read.
func agree(t require.TestingT, file []byte) int {
	r := NewReader(bytes.NewReader(file))
	var calls []Call
	for at, line := range bytes.Split(file, []byte("\n")) {
		if at == 0 {
			if foreign(line) != "" {
				_, err := r.Read()
				require.Error(t, err)
				return 0
			}
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(bytes.Trim(line, " \t\r")) == 0 {
			continue
		}
		want, ok := oracle(line)
		got, err := r.Read()
		require.Equal(t, at+1, r.Line(), "%q", line)
		if !ok {
			var bad *LineError
			require.True(t, errors.As(err, &bad), "%q was read as %+v, or failed for good: %v", line, got, err)
			require.Equal(t, at+1, bad.Line)
			require.NotEmpty(t, bad.Problem)
			continue
		}
		require.NoError(t, err, "%q", line)
		require.Equal(t, want, got, "%q", line)
		calls = append(calls, got)
	}
	_, err := r.Read()
	require.Equal(t, io.EOF, err)

	var b bytes.Buffer
	require.NoError(t, Write(&b, calls))
	again, err := ReadAll(&b)
	require.NoError(t, err)
	require.Equal(t, calls, again)
	return len(calls)
}

// oracle reads a line by encoding/json and by the letter of the format.
func oracle(line []byte) (Call, bool) {
	if len(bytes.TrimSuffix(line, []byte("\r"))) > MaxLine || !utf8.Valid(line) || !json.Valid(line) ||
		bytes.TrimLeft(line, " \t\r")[0] != '{' {
		return Call{}, false
	}
	fields, ok := members(line)
	if !ok {
		return Call{}, false
	}
	fine := true
	number := func(name string, into *int64) bool {
		if fields[name] == nil {
			return false
		}
		v, ok := exactly(string(fields[name]))
		if fine = fine && ok; ok {
			*into = v
		}
		return true
	}
	text := func(name string, into *string) bool {
		if fields[name] == nil {
			return false
		}
		fine = fine && fields[name][0] == '"' && json.Unmarshal(fields[name], into) == nil
		return true
	}
	var c Call
	var sent, received, due, code int64
	var outcome, result string
	required := number(keySent, &sent) && number(keyReceived, &received) && text(keyOutcome, &outcome)
	if !number(keyDue, &due) {
		due = sent
	}
	number(keyCode, &code)
	text(keyClient, &c.Client)
	text(keyMethod, &c.Method)
	refined := text(keyResult, &result)
	if !required || !fine || min(sent, received, due) < 0 || received < sent {
		return Call{}, false
	}
	c.Sent, c.Received, c.Due, c.Code = time.Duration(sent), time.Duration(received), time.Duration(due), int(code)
	pair := outcome + "/" + result
	if !refined {
		pair = outcome
	}
	if c.Outcome, ok = map[string]Outcome{
		"admitted": OK, "admitted/ok": OK, "limited": Limited, "limited/limited": Limited,
		"unknown": Unknown, "unknown/unknown": Unknown, "unknown/tool-error": ToolError, "unknown/rejected": Rejected,
		"unknown/broken": Broken, "unknown/timed-out": TimedOut, "unknown/unsent": Unsent,
	}[pair]; !ok {
		return Call{}, false
	}
	notes(&c, fields)
	return c, true
}

// notes reads the fields that may be of any type.
func notes(c *Call, fields map[string]json.RawMessage) {
	number := func(name string) int64 {
		v, _ := exactly(string(fields[name])) // 0 if it isn't one
		return v
	}
	text := func(name string) (s string) {
		if len(fields[name]) == 0 || fields[name][0] != '"' || json.Unmarshal(fields[name], &s) != nil {
			return ""
		}
		return s
	}
	c.ID, c.Status, c.RetryAfter = number(keyID), int(number(keyStatus)), time.Duration(number(keyRetryAfter))
	c.Attempt = int(number(keyAttempt))
	c.Label, c.Tool, c.Detail, c.Session, c.Media, c.Hints, c.Trace = text(keyLabel), text(keyTool), text(keyDetail),
		text(keySession), text(keyMedia), text(keyHints), text(keyTrace)
	c.Kind = Kind(max(0, slices.Index(kindNames[:], text(keyKind))))
}

// members returns an object's fields of ours; an optional one that is null
// isn't among them. It fails if one is there twice.
func members(line []byte) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	seen := map[string]bool{}
	fields := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		name := key.(string)
		if !slices.Contains(fieldNames[:], name) {
			continue
		}
		if seen[name] {
			return nil, false
		}
		seen[name] = true
		required := name == keySent || name == keyReceived || name == keyOutcome
		if required || string(value) != "null" {
			fields[name] = value
		}
	}
	return fields, true
}

// exactly is the value of a numeral by math/big, where it is whole and an
// int64.
func exactly(numeral string) (int64, bool) {
	if _, err := strconv.ParseFloat(numeral, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	if e := strings.IndexAny(numeral, "eE"); e >= 0 { // math/big would write out 10^999999999
		power, err := strconv.Atoi(numeral[e+1:])
		if zero := strings.Trim(numeral[:e], "-0.") == ""; zero {
			return 0, true
		}
		if err != nil || max(power, -power) > 2*len(numeral)+40 {
			return 0, false
		}
	}
	r, ok := new(big.Rat).SetString(numeral)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}
