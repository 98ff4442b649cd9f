package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	admittedLine = `{"sent_ns":0,"received_ns":1000,"outcome":"admitted"}` + "\n"
	refusedLine  = `{"sent_ns":2000,"received_ns":3000,"outcome":"limited"}` + "\n"
)

// verifyText judges a history given on standard input.
func verifyText(history string, args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(append([]string{"verify"}, args...), strings.NewReader(history), &out, &err)
	return status, out.String(), err.String()
}

func zipped(t *testing.T, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// Histories that other programs write: each is judged by what it says, or
// refused in one sentence that names the line.
func TestVerifyTakesWhatOthersWrite(t *testing.T) {
	packed := zipped(t, admittedLine+admittedLine+refusedLine)
	leak := strings.Repeat(admittedLine, 3)
	for name, c := range map[string]struct {
		history string
		status  int
		says    string
	}{
		"line breaks of Windows": {strings.ReplaceAll(leak, "\n", "\r\n"), exitFail, "lines 1, 2, 3"},
		"byte order mark":        {"\ufeff" + leak, exitFail, "lines 1, 2, 3"},
		"blank lines count": {"\n" + admittedLine + " \t\n\n" + admittedLine + admittedLine, exitFail,
			"lines 2, 5, 6"},
		"unsorted":                 {refusedLine + leak, exitFail, "lines 2, 3, 4"},
		"no line break at the end": {strings.TrimSpace(leak), exitFail, "lines 1, 2, 3"},
		"gzip":                     {packed, exitPass, "3 calls"},
		"gzip that was cut": {packed[:len(packed)-12], exitUsage, "the compressed data is cut short or " +
			"damaged"},
		"gzip that was cut early": {packed[:4], exitUsage, "cannot unpack the history: the compressed data is " +
			"cut short"},
		"gzip of a bad line": {zipped(t, admittedLine+"x\n"), exitUsage, "history: line 2: not JSON: 'x' " +
			"at byte 1"},
		"other compression": {"\x28\xb5\x2f\xfd and more", exitUsage, "the input is compressed (zstd)"},
		"UTF-16":            {"\xff\xfe{\x00", exitUsage, "the input is UTF-16"},
		"unknown fields": {
			`{"a":[1,{"b":null}],"sent_ns":0,"z":"\u00e9","received_ns":1e3,"outcome":"admitted"}`, exitInconclusive,
			"1 call "},
		"exponents": {`{"sent_ns":1e9,"received_ns":1.0000005e9,"outcome":"admitted"}`, exitInconclusive,
			"1 call "},
		"only unknowns": {`{"sent_ns":0,"received_ns":1,"outcome":"unknown"}`, exitInconclusive,
			"nothing to judge"},
		"empty": {"", exitInconclusive, "nothing to judge"},
		"fraction": {admittedLine + `{"sent_ns":1.5,"received_ns":2,"outcome":"limited"}`,
			exitUsage, "history: line 2: sent_ns 1.5 has a fraction"},
		"field there twice": {`{"sent_ns":0,"sent_ns":0,"received_ns":2,"outcome":"limited"}`, exitUsage,
			"history: line 1: sent_ns is there twice"},
		"negative": {`{"sent_ns":-5,"received_ns":2,"outcome":"limited"}`, exitUsage,
			"history: line 1: sent_ns -5 is negative"},
		"received first": {admittedLine + "\n" + `{"sent_ns":3,"received_ns":2,"outcome":"limited"}`,
			exitUsage, "history: line 3: received_ns 2 is before sent_ns 3"},
		"overflow": {`{"sent_ns":0,"received_ns":9223372036854775808,"outcome":"limited"}`,
			exitUsage, "history: line 1: received_ns 9223372036854775808 is out of range"},
		"as text": {`{"sent_ns":"0","received_ns":2,"outcome":"limited"}`, exitUsage,
			"history: line 1: sent_ns is a string"},
		"another outcome": {`{"sent_ns":0,"received_ns":2,"outcome":"429"}`, exitUsage,
			`history: line 1: outcome "429" is none of admitted, limited, unknown`},
		"no outcome": {`{"sent_ns":0,"received_ns":2}`, exitUsage, "history: line 1: outcome is " +
			"missing"},
		"two objects a line": {strings.TrimSpace(admittedLine) + admittedLine, exitUsage,
			"one object a line"},
		"an array":                   {"[" + admittedLine + "]", exitUsage, "want one object a line"},
		"printed over several lines": {"{\n\"sent_ns\":0}", exitUsage, "jq needs -c"},
		"the last line was cut":      {admittedLine + admittedLine[:20], exitUsage, "history: line 2: truncated"},
		"a NUL": {admittedLine + "{\x00}", exitUsage, "history: line 2: not JSON: a NUL " +
			"at byte 2"},
		"not UTF-8": {`{"client":"` + "\xff" + `"}`, exitUsage, "history: line 1: byte 12, 0xff, " +
			"is not UTF-8"},
		"a log that nobody turned": {`10.0.0.1 - - [x] "POST /mcp" 200`, exitUsage, "history: line 1: not JSON"},
		"the latest instant there is": {
			`{"sent_ns":9223372036854775807,"received_ns":9223372036854775807,"outcome":"admitted"}`, exitInconclusive,
			"1 call "},
		"all instants there are": {admittedLine +
			`{"sent_ns":0,"received_ns":9223372036854775807,"outcome":"limited"}`, exitPass, "2 calls"},
		"more bad lines than are named": {strings.Repeat("x\n", 30), exitUsage, "and 20 more bad lines, 30 in all"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := verifyText(c.history, "--rate", "1", "--burst", "2", "-")
			require.Equal(t, c.status, status, stdout+stderr)
			if status == exitUsage {
				require.Empty(t, stdout)
				require.Contains(t, stderr, c.says)
				return
			}
			require.Empty(t, stderr)
			require.Contains(t, stdout, c.says)
		})
	}
}

func TestVerifyRefusesFlagsThatMakeNoSense(t *testing.T) {
	for args, says := range map[string]string{
		"--rate 0 --burst 2":                    "is not above 0",
		"--rate -1 --burst 2":                   "is not above 0",
		"--rate inf --burst 2":                  "is not finite",
		"--rate 1e-9 --burst 2":                 "is below 0.000001/s",
		"--rate 1e10 --burst 2":                 "is above 1000000000/s",
		"--rate fast --burst 2":                 "is not a rate",
		"--rate 1 --burst 0.5":                  `--burst "0.5" is not a whole number`,
		"--rate 1 --burst 1e3":                  `--burst "1e3" is not a whole number`,
		"--rate 1 --burst -3":                   "--burst -3 is not 1 or more",
		"--rate 1 --burst 0":                    "--burst 0 is not 1 or more",
		"--rate 1":                              "verify needs the promised --burst",
		"--burst 1":                             "verify needs the promised --rate",
		"--rate 1 --burst 9" + zeros(30):        "is not a whole number that fits",
		"--rate 1 --burst 2 --tolerance -":      `--tolerance "-" is not a number`,
		"--rate 1 --burst 2 --tolerance -1":     "--tolerance -1 is not from 0 to below 1 token",
		"--rate 1 --burst 2 --tolerance NaN":    "--tolerance NaN is not from 0 to below 1 token",
		"--rate 1 --burst 2 --tolerance 1":      "--tolerance 1 is not from 0 to below 1 token",
		"--rate 1 --burst 2 --clock-drift 200":  `--clock-drift: "200" is not a drift such as 200ppm, 0.02% or 0`,
		"--rate 1 --burst 2 --clock-drift 11%":  "is not from 0 to 10%",
		"--rate 1 --burst 2 --clock-error -1ms": "--clock-error -1ms is not from 0 to 24h",
		"--rate 1 --burst 2 --clock-tick 25h":   "--clock-tick 25h0m0s is not from 0 to 24h",
		"--rate 1 --burst 2 --scope all":        `--scope "all" is neither global nor client`,
		"--rate 1 --burst 2 --format yaml":      `--format "yaml" is none of table, json and markdown`,
		"--rate 1 --burst 2 -":                  "verify takes one history, not 2",
	} {
		status, stdout, stderr := verifyText(admittedLine, append(strings.Fields(args), "-")...)
		require.Equal(t, exitUsage, status, args)
		require.Empty(t, stdout, args)
		require.Contains(t, stderr, says, args)
		require.NotContains(t, stderr, "strconv", args)
	}
	folder := t.TempDir()
	for name, says := range map[string]string{
		folder:                           "cannot read the history: " + folder + " is a folder",
		filepath.Join(folder, "nowhere"): "no such file",
	} {
		status, _, stderr := verifyText("", "--rate", "1", "--burst", "2", name)
		require.Equal(t, exitUsage, status)
		require.Contains(t, stderr, says)
		require.NotContains(t, stderr, "each line is one call")
	}
}

func zeros(n int) string { return strings.Repeat("0", n) }

// The document has the names of its schema, all of them in every verdict; a
// witness names lines of the file, also where that is unsorted and has blank
// ones.
func TestVerifyDocument(t *testing.T) {
	document := func(history string, args ...string) (doc map[string]any, status int) {
		status, stdout, stderr := verifyText(history, append(args, "--rate", "1", "--burst", "2", "--clock-drift", "0",
			"--clock-tick", "0", "--format", "json", "-")...)
		require.Empty(t, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &doc))
		return doc, status
	}
	late := `{"sent_ns":9000000000,"received_ns":9000001000,"outcome":"limited"}` + "\n"

	doc, status := document(late + "\n" + admittedLine + admittedLine + "\n" + admittedLine)
	require.Equal(t, exitFail, status)
	require.Equal(t, map[string]any{
		"violated": true, "burst_min": 2.999999,
		"witness": map[string]any{"from_ns": 0.0, "to_ns": 1000.0, "calls": []any{3.0, 4.0, 6.0}, "admitted": 3.0,
			"allowed": 2.000001},
	}, doc["over_admission"])
	require.Equal(t, map[string]any{
		"violated": true, "burst_max": 1.0,
		"witness": map[string]any{"from_ns": 9000000000.0, "to_ns": 9000000000.0, "calls": []any{1.0}, "admitted": 0.0,
			"allowed": 2.0},
	}, doc["over_rejection"])
	require.NotNil(t, doc["measured"], "a bucket of 3 that hardly refills explains it")

	doc, status = document(admittedLine)
	require.Equal(t, exitInconclusive, status, "nothing was refused")
	measured := map[string]any{"rate": map[string]any{"lo": 0.0, "hi": nil}, "burst": map[string]any{"lo": 1.0,
		"hi": nil}}
	require.Equal(t, map[string]any{
		"schema": "mcpload.verify/v1", "verdict": "inconclusive", "calls": 1.0, "tolerance": 0.05,
		"clocks":         map[string]any{"drift_ppm": 0.0, "tick_ns": 0.0},
		"over_admission": map[string]any{"violated": false, "burst_min": 0.999999, "witness": nil},
		"over_rejection": map[string]any{"violated": false, "burst_max": nil, "witness": nil},
		"measured":       measured,
	}, doc)

	doc, _ = document(admittedLine, "--box=false")
	require.Contains(t, doc, "measured")
	require.Nil(t, doc["measured"])

	doc, status = document("", "--tolerance", "0.25")
	require.Equal(t, exitInconclusive, status)
	require.Equal(t, 0.25, doc["tolerance"])
	require.Equal(t, "inconclusive", doc["verdict"])
}

// Clients in turns: one bucket for all of them, or one each.
func TestVerifyTellsClientsApart(t *testing.T) {
	var history strings.Builder
	for range 2 {
		for _, client := range []string{"a", "b", "c"} {
			history.WriteString(strings.Replace(admittedLine, "{", `{"client":"`+client+`",`, 1))
		}
	}
	status, stdout, _ := verifyText(history.String(), "--rate", "1", "--burst", "2", "-")
	require.Equal(t, exitFail, status)
	require.Contains(t, stdout, "lines 1, 2, 3, 4, 5, 6")
	status, stdout, _ = verifyText(history.String(), "--rate", "1", "--burst", "2", "--scope", "client", "-")
	require.Equal(t, exitInconclusive, status)
	require.Contains(t, stdout, "which doesn't show the limit at work")
	require.Contains(t, stdout, "6 calls")
	greedy := history.String() + strings.Replace(admittedLine, "{", `{"client":"b",`, 1)
	status, stdout, _ = verifyText(greedy, "--rate", "1", "--burst", "2", "--scope", "client", "-")
	require.Equal(t, exitFail, status)
	require.Contains(t, stdout, "lines 2, 5, 7")
}
