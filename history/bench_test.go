package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"
)

// benchFile is a history of n calls as a run writes it: three clients, one
// refusal in five, handshakes now and then.
func benchFile(n int) []byte {
	var b bytes.Buffer
	w := NewWriter(&b)
	for i := range n {
		if err := w.Write(sampleCall(i)); err != nil {
			panic(err)
		}
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// sampleCall is the i-th call of a history of any length.
func sampleCall(i int) *Call {
	at := time.Duration(i) * 812_345
	c := &Call{
		Arrival: Arrival{Due: at, Client: fmt.Sprintf("c%d", i%3+1), Method: "tools/call", Tool: "echo",
			Label: "sustained"},
		ID: int64(i + 1), Sent: at + 15_000, Received: at + 1_234_567, Outcome: OK, Status: 200,
	}
	if i%5 == 4 {
		c.Outcome, c.Code, c.RetryAfter, c.Detail = Limited, -32000, 66_666_666, "Global rate limit exceeded"
	}
	return c
}

// The claim behind these: a million calls decode in well under the second of
// CPU that a judgement of them may take, without an allocation a call.
func BenchmarkReaderEach(b *testing.B) {
	const calls = 10_000
	file := benchFile(calls)
	bare := bytes.Repeat(
		[]byte(`{"sent_ns":1732412345123456789,"received_ns":1732412345124269134,"outcome":"admitted","client":"c1","method":"tools/call","due_ns":0,"code":0}`+"\n"), calls)
	foreign := bytes.Repeat(
		[]byte(`{"sent_ns":1.732412345e18,"received_ns":1.732412346e18,"outcome":"limited","request":{"uri":"/mcp","headers":[["a","b"],["c\n","d"]]},"bytes":512.5,"tls":null}`+"\n"), calls)
	for _, bench := range []struct {
		name string
		file []byte
	}{{"own", file}, {"bare", bare}, {"log", foreign}} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.file)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				err := NewReader(bytes.NewReader(bench.file)).Each(func(int, *Call) error { n++; return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/call")
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	const calls = 10_000
	b.SetBytes(int64(len(benchFile(calls))))
	b.ReportAllocs()
	c := sampleCall(4)
	for b.Loop() {
		w := NewWriter(io.Discard)
		for range calls {
			if err := w.Write(c); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodingJSON is what the scanner stands in for.
func BenchmarkEncodingJSON(b *testing.B) {
	file := benchFile(10_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	type line struct {
		Sent     int64  `json:"sent_ns"`
		Received int64  `json:"received_ns"`
		Outcome  string `json:"outcome"`
		Client   string `json:"client"`
		Method   string `json:"method"`
		Due      int64  `json:"due_ns"`
		Code     int    `json:"code"`
	}
	n := 0
	for b.Loop() {
		for text := range bytes.Lines(file) {
			var l line
			if err := json.Unmarshal(text, &l); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/call")
}
