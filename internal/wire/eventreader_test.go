package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wholeStream is the plain reading of the standard, for a stream that is all
// there: lines first, then events.
func wholeStream(text string) []event {
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	lines := strings.Split(text, "\n")
	var (
		out      []event
		kind, id string
		data     []string
	)
	for _, line := range lines[:len(lines)-1] { // the last one is not ended
		if line == "" {
			if data != nil {
				out = append(out, event{kind: kind, data: []byte(strings.Join(data, "\n")), id: id})
			}
			kind, data = "", nil
			continue
		}
		if strings.HasPrefix(line, ":") {
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			kind = value
		case "data":
			data = append(data, value)
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		}
	}
	return out
}

// pieces reads a stream that arrives in two pieces, or byte by byte where at
// is negative.
func pieces(t testing.TB, text string, at int) []event {
	var r eventReader
	var out []event
	emit := func(e event) { e.data = bytes.Clone(e.data); out = append(out, e) } // it is good until the next one
	if at < 0 {
		for i := range len(text) {
			require.NoError(t, r.feed([]byte(text[i:i+1]), emit))
		}
		return out
	}
	require.NoError(t, r.feed([]byte(text[:at]), emit))
	require.NoError(t, r.feed([]byte(text[at:]), emit))
	return out
}

func TestEventsSplitAnywhere(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			want := wholeStream(string(text))
			require.NotEmpty(t, want)
			for at := -1; at <= len(text); at++ {
				require.Equal(t, want, pieces(t, string(text), at), "split at %d", at)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	message := func(data string) event { return event{data: []byte(data)} }
	rows := []struct {
		name, text string
		want       []event
	}{
		{"two", "data: a\n\ndata: b\n\n", []event{message("a"), message("b")}},
		{"carriage returns only", "data: a\r\rdata: b\r\r", []event{message("a"), message("b")}},
		{"both line ends", "data: a\r\n\r\n", []event{message("a")}},
		{"many lines", "data: a\ndata:  b\ndata\ndata:\n\n", []event{message("a\n b\n\n")}},
		{"comments", ":\n: keep-alive\n\ndata: a\n:x\n\n", []event{message("a")}},
		{"a byte order mark", "\xef\xbb\xbfdata: a\n\n", []event{message("a")}},
		{"a second one is data", "\ndata: a\n\n\xef\xbb\xbfdata: b\n\n", []event{message("a")}},
		{"kind lasts for one event", "event: x\ndata: a\n\ndata: b\n\n", []event{{kind: "x", data: []byte("a")},
			message("b")}},
		{"kind without data is none", "event: x\n\ndata: b\n\n", []event{message("b")}},
		{"id stays", "id: 7\ndata: a\n\ndata: b\n\n", []event{{data: []byte("a"), id: "7"},
			{data: []byte("b"), id: "7"}}},
		{"unknown fields", "retry: 5\nfoo: bar\ndata: a\n\n", []event{message("a")}},
		{"unfinished", "data: a\n", nil},
		{"colons in data", "data: {\"a\":\"b:c\"}\n\n", []event{message(`{"a":"b:c"}`)}},
		{"empty data", "data\n\n", []event{message("")}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := pieces(t, row.text, 0)
			require.Len(t, got, len(row.want))
			for i := range got {
				require.Equal(t, row.want[i].kind, got[i].kind)
				require.Equal(t, row.want[i].id, got[i].id)
				require.Equal(t, string(row.want[i].data), string(got[i].data))
			}
		})
	}
	require.False(t, event{}.message(), "an event without data primes, and carries nothing")
	require.True(t, event{kind: "message", data: []byte("x")}.message())
}

// An event is whole with its last line end, even where that is a lone CR: the
// reader must not wait for a line feed that never comes.
func TestEventsDontWait(t *testing.T) {
	var r eventReader
	n := 0
	require.NoError(t, r.feed([]byte("data: a\r\r"), func(event) { n++ }))
	require.Equal(t, 1, n)
	require.False(t, r.pending())
	require.NoError(t, r.feed([]byte("\ndata: b"), func(event) { n++ }))
	require.Equal(t, 1, n)
	require.True(t, r.pending())
}

// TestEventsSayHowLongToWait before a stream is resumed, where that is a number.
func TestEventsSayHowLongToWait(t *testing.T) {
	var r eventReader
	none := func(event) {}
	require.NoError(t, r.feed([]byte("retry: 250\ndata: a\n\n"), none))
	require.Equal(t, 250*time.Millisecond, r.retry)
	var s eventSink
	require.Equal(t, time.Second, s.rest(0), "of those that don't say")
	require.NoError(t, s.events.feed([]byte("retry: 250\ndata: a\n\n"), none))
	require.Equal(t, 250*time.Millisecond, s.rest(0))
	require.Equal(t, time.Second, s.rest(1), "a server that isn't there is given its time")
	require.NoError(t, s.events.feed([]byte("retry: 0\ndata: a\n\n"), none))
	require.Equal(t, leastRetry, s.rest(0), "it says at once")
	require.NoError(t, r.feed([]byte("retry: -1\nretry: 1.5\nretry: soon\nretry:\nretry: 99999999999\n"), none))
	require.Equal(t, 250*time.Millisecond, r.retry)
}

// TestEventsAreIdentified once they are whole: a stream that ends in an event is
// resumed before it.
func TestEventsAreIdentified(t *testing.T) {
	var r eventReader
	require.NoError(t, r.feed([]byte("id: 1\ndata:\n\nid: 2\ndata: x\n"), func(event) {}))
	require.Equal(t, "1", r.id)
}

func TestEventsBounded(t *testing.T) {
	var r eventReader
	line := append(bytes.Repeat([]byte("x"), 1<<20), '\n')
	line = append([]byte("data: "), line...)
	var err error
	for i := 0; err == nil; i++ {
		require.Less(t, i, 20, "never refused")
		err = r.feed(line, func(event) {})
	}
	require.ErrorContains(t, err, "longer than")
	var one eventReader
	require.Error(t, one.feed(bytes.Repeat([]byte("x"), MaxMessage+1), func(event) {}))
}

func FuzzSSE(f *testing.F) {
	files, err := filepath.Glob("testdata/events/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), 3)
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		if len(text) > 1<<16 {
			return
		}
		at = min(max(at, -1), len(text))
		require.Equal(t, wholeStream(text), pieces(t, text, at))
	})
}

// BenchmarkEvents: what an event costs that only tells of progress.
func BenchmarkEvents(b *testing.B) {
	text := []byte(
		"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"," +
			"\"params\":{\"progressToken\":7,\"progress\":12,\"message\":\"working on the part 12 of it\"}}\n\n")
	var s eventSink
	s.begin(&collector{want: 1, strays: &strayLog{}}, 1<<40)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if f := s.feed(text, 0, &holding{}); f != nil {
			b.Fatal(f.detail)
		}
	}
}
