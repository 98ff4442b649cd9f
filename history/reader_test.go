package history

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// lines reads a file with Each and returns where its calls are.
func lines(t *testing.T, file string) []int {
	t.Helper()
	var at []int
	r := NewReader(strings.NewReader(file))
	require.NoError(t, r.Each(func(line int, _ *Call) error {
		require.Equal(t, r.Line(), line)
		at = append(at, line)
		return nil
	}))
	return at
}

func TestLineNumbers(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       []int
	}{
		{"empty", "", nil},
		{"only a byte order mark", "\ufeff", nil},
		{"only blank lines", "\n \n\t\r\n\n", nil},
		{"plain", good + "\n" + good + "\n", []int{1, 2}},
		{"no line break at the end", good + "\n" + good, []int{1, 2}},
		{"CRLF", good + "\r\n" + good + "\r\n", []int{1, 2}},
		{"CRLF, none at the end", good + "\r\n" + good + "\r", []int{1, 2}},
		{"byte order mark", "\ufeff" + good + "\n" + good, []int{1, 2}},
		{"byte order mark on a blank line", "\ufeff\n" + good, []int{2}},
		{"blank lines", "\n\n" + good + "\n\r\n   \n" + good + "\n\n", []int{3, 6}},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, lines(t, test.file)) })
	}
}

func TestLineIsZeroBeforeTheFirst(t *testing.T) {
	r := NewReader(strings.NewReader(good))
	require.Zero(t, r.Line())
	_, err := r.Read()
	require.NoError(t, err)
	require.Equal(t, 1, r.Line())
	for range 2 { // and it stays at the end
		_, err = r.Read()
		require.Equal(t, io.EOF, err)
		require.Equal(t, 1, r.Line())
	}
}

func TestFileOrderAndClientsAreKept(t *testing.T) {
	calls, err := ReadAll(strings.NewReader(`{"sent_ns":30,"received_ns":31,"outcome":"admitted","client":"b"}
{"sent_ns":10,"received_ns":50,"outcome":"limited","client":"a"}
{"sent_ns":20,"received_ns":21,"outcome":"unknown","client":"b"}
{"sent_ns":20,"received_ns":20,"outcome":"admitted"}
{"sent_ns":0,"received_ns":1,"outcome":"admitted","client":"a"}
`))
	require.NoError(t, err)
	require.Equal(t, []Call{
		{Arrival: Arrival{Client: "b", Due: 30}, Sent: 30, Received: 31, Outcome: OK},
		{Arrival: Arrival{Client: "a", Due: 10}, Sent: 10, Received: 50, Outcome: Limited},
		{Arrival: Arrival{Client: "b", Due: 20}, Sent: 20, Received: 21},
		{Arrival: Arrival{Due: 20}, Sent: 20, Received: 20, Outcome: OK},
		{Arrival: Arrival{Client: "a"}, Received: 1, Outcome: OK},
	}, calls)
}

func TestEmptyFileIsNoError(t *testing.T) {
	for _, file := range []string{"", "\n", "\ufeff \r\n\n"} {
		calls, err := ReadAll(strings.NewReader(file))
		require.NoError(t, err)
		require.Empty(t, calls)
	}
}

// Every way to cut a file short in its last line is named for what it is,
// whatever stands there.
func TestTruncated(t *testing.T) {
	last := `{"sent_ns":12.5,"received_ns":-0.5e+9,"outcome":"adm\u00e9","x":[{"y":null},true,false],"client":"Zoë"}`
	for cut := 1; cut < len(last); cut++ { // the line has faults of its own, too
		_, err := ReadAll(strings.NewReader(good + "\n" + last[:cut]))
		require.EqualError(t, err, "history: line 2: truncated: the file ends inside this line", last[:cut])
	}
	_, err := ReadAll(strings.NewReader(good + "\n" + last))
	require.EqualError(t, err, "history: line 2: sent_ns 12.5 has a fraction, want a whole number")
	ours := `{"sent_ns":12,"received_ns":50,"outcome":"admitted","x":[{"y":null},true,"\ud83d\ude00"],"client":"Zoë"}`
	for cut := 1; cut < len(ours); cut++ {
		_, err := ReadAll(strings.NewReader(good + "\n" + ours[:cut]))
		require.EqualError(t, err, "history: line 2: truncated: the file ends inside this line", ours[:cut])
		_, err = ReadAll(strings.NewReader(good + "\n" + ours[:cut] + "\n"))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "truncated", "the line has its end")
	}
	_, err = ReadAll(strings.NewReader(good + "\n" + ours))
	require.NoError(t, err)
}

func TestFirstTenBadLinesAreReported(t *testing.T) {
	file := good + "\n" + strings.Repeat("{}\n\n", 1000) + good
	calls, err := ReadAll(strings.NewReader(file))
	require.Nil(t, calls)
	var all *Errors
	require.ErrorAs(t, err, &all)
	require.Equal(t, 1000, all.Total)
	require.Len(t, all.First, MaxErrors)
	for i, e := range all.First {
		require.Equal(t, 2+2*i, e.Line)
	}
	told := strings.Split(err.Error(), "\n")
	require.Len(t, told, MaxErrors+1)
	require.Equal(t, "history: line 2: sent_ns is missing", told[0])
	require.Equal(t, "history: and 990 more bad lines, 1000 in all", told[MaxErrors])
}

func TestOneBadLineReadsAsItself(t *testing.T) {
	_, err := ReadAll(strings.NewReader("{}\n" + good))
	require.EqualError(t, err, "history: line 1: sent_ns is missing")
	_, err = ReadAll(strings.NewReader(strings.Repeat("{}\n", MaxErrors)))
	require.NotContains(t, err.Error(), "more")
}

func TestEachStopsForItsFunction(t *testing.T) {
	enough := errors.New("enough")
	calls := 0
	r := NewReader(strings.NewReader(strings.Repeat(good+"\n", 3)))
	err := r.Each(func(line int, c *Call) error {
		calls++
		if line == 2 {
			return enough
		}
		return nil
	})
	require.Equal(t, enough, err)
	require.Equal(t, 2, calls)
	c, err := r.Read() // the rest can still be read
	require.NoError(t, err)
	require.Equal(t, 3, r.Line())
	require.Equal(t, OK, c.Outcome)
}

func TestEachHandsOutNothingAfterABadLine(t *testing.T) {
	var at []int
	err := NewReader(strings.NewReader(good + "\n{}\n" + good + "\n")).Each(func(line int, _ *Call) error {
		at = append(at, line)
		return nil
	})
	require.Error(t, err)
	require.Equal(t, []int{1}, at)
}

func TestReadFailures(t *testing.T) {
	broken := errors.New("cable cut")
	failing := func(head string) io.Reader {
		return io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))
	}
	calls, err := ReadAll(failing(good + "\n" + `{"sent`))
	require.Nil(t, calls)
	require.EqualError(t, err, "history: reading line 2: cable cut")
	require.ErrorIs(t, err, broken)

	_, err = ReadAll(failing("{}\n" + good + "\n")) // bad lines are told all the same
	require.EqualError(t, err, "history: line 1: sent_ns is missing\nhistory: reading line 3: cable cut")
	require.ErrorIs(t, err, broken)

	r := NewReader(failing(""))
	for range 2 { // final
		_, err = r.Read()
		require.ErrorIs(t, err, broken)
	}
}

func TestSlowReadersMakeNoDifference(t *testing.T) {
	file := "\ufeff" + string(benchFile(200)) + "\r\n" + good
	want, err := ReadAll(strings.NewReader(file))
	require.NoError(t, err)
	require.Len(t, want, 201)
	for _, slow := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		got, err := ReadAll(slow(strings.NewReader(file)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestLongLines(t *testing.T) {
	pad := func(size int) string { return good + strings.Repeat(" ", size-len(good)) }
	for _, test := range []struct {
		name, file string
		bad        bool
	}{
		{"longest", pad(MaxLine), false},
		{"longest with a line break", pad(MaxLine) + "\n" + good, false},
		{"longest with CRLF", pad(MaxLine) + "\r\n" + good, false},
		{"longest with a byte order mark", "\ufeff" + pad(MaxLine) + "\r\n" + good, false},
		{"too long", pad(MaxLine + 1), true},
		{"too long with a line break", pad(MaxLine+1) + "\n" + good, true},
		{"too long with CRLF", "\ufeff" + pad(MaxLine+1) + "\r\n" + good, true},
		{"far too long", pad(8*MaxLine) + "\n" + good, true},
		{"far too long and blank", strings.Repeat(" ", 8*MaxLine) + "\n" + good, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			calls, err := ReadAll(strings.NewReader(test.file))
			if test.bad {
				require.EqualError(t, err, "history: line 1: longer than 1048576 bytes")
				return
			}
			require.NoError(t, err)
			require.Len(t, calls, 1+strings.Count(test.file, "\n"))
		})
	}
}

// A file that is one endless line (a device, a database) must not be kept.
func TestEndlessLineIsBoundedInMemory(t *testing.T) {
	r := NewReader(io.LimitReader(zeros{}, 64<<20))
	_, err := r.Read()
	require.EqualError(t, err, "history: line 1: longer than 1048576 bytes")
	require.Less(t, cap(r.long), 2*MaxLine)
	_, err = r.Read()
	require.Equal(t, io.EOF, err)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestForeignFormatsAreNamed(t *testing.T) {
	for magic, name := range map[string]string{
		"\xff\xfe": "UTF-16", "\xfe\xff": "UTF-16", "\x1f\x8b\x08": "compressed (gzip)",
		"\x28\xb5\x2f\xfd": "compressed (zstd)",
	} {
		r := NewReader(strings.NewReader(magic + "\x00\n" + good))
		for range 2 { // final: to read on would make no sense
			_, err := r.Read()
			require.EqualError(t, err, "history: the input is "+name+", want UTF-8 text with one JSON object a line")
		}
	}
}

// A stream of any length is read in the memory that its reader takes: these
// 140 megabytes would show if calls were kept, or lines, or names.
func TestEachIsBoundedInMemory(t *testing.T) {
	const calls = 200_000
	padding := strings.Repeat("x", 200)
	stream, w := io.Pipe()
	go func() {
		out := NewWriter(w)
		var err error
		for i := 0; i < calls && err == nil; i++ {
			c := sampleCall(i)
			c.Client = strconv.Itoa(i) + padding // all differ
			c.Detail = padding + strconv.Itoa(i)
			err = out.Write(c)
		}
		w.CloseWithError(errors.Join(err, out.Flush()))
	}()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	seen := 0
	var peak uint64
	require.NoError(t, NewReader(stream).Each(func(line int, c *Call) error {
		if seen++; seen != line {
			return errors.New("a line is missing")
		}
		if seen%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
		return nil
	}))
	require.Equal(t, calls, seen)
	require.Less(t, peak, uint64(16<<20), "bytes held while reading")
}

func TestUsualLinesAllocateNothing(t *testing.T) {
	const calls = 1000
	file := benchFile(calls)
	in := bytes.NewReader(file)
	r := NewReader(in)
	read := func() {
		in.Reset(file)
		r.in.Reset(in)
		r.err, r.line = nil, 0
		if err := r.Each(func(int, *Call) error { return nil }); err != nil {
			panic(err)
		}
	}
	read() // names are met once
	require.Less(t, testing.AllocsPerRun(20, read), 3.0, "allocations for %d calls", calls)
}

func TestWordsAreBounded(t *testing.T) {
	var w words
	for i := range 3 * maxWords {
		text := []byte{byte(i), byte(i >> 8), byte(i >> 16), 'x'}
		require.Equal(t, string(text), w.word(text))
		require.LessOrEqual(t, len(w.known), maxWords)
	}
	long := bytes.Repeat([]byte("x"), maxWord+1)
	before := len(w.known)
	require.Equal(t, string(long), w.word(long))
	require.Len(t, w.known, before)
	text := []byte("gone")
	kept := w.word(text)
	copy(text, "here")
	require.Equal(t, "gone", kept, "a word is a copy")
}
