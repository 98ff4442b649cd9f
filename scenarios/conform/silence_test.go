package conform_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestWhatIsNeverAnswered: who leaves unanswered what a row sends breaks the row, over lines as
// over HTTP. One late answer, or one that comes the second time, shows nothing.
func TestWhatIsNeverAnswered(t *testing.T) {
	asked := map[string]func(m conform.Message) bool{
		"P01": func(m conform.Message) bool { return strings.Contains(string(m.Params), "no-such-cursor") },
		"T05": func(m conform.Message) bool { return strings.Contains(string(m.Params), "no-such-tool") },
		"P07": func(m conform.Message) bool { return m.Method == "resources/read" },
		"T01": func(m conform.Message) bool { return m.Method == "resources/list" },
		"L04": func(m conform.Message) bool { return m.Method == "prompts/list" },
		"L02": func(m conform.Message) bool { return strings.Contains(string(m.Params), "1999-01-01") },
	}
	for id, of := range asked {
		for _, transport := range []string{conform.HTTP, conform.Stdio} {
			for _, how := range []string{"never", "late", "the second time"} {
				if transport == conform.HTTP && how == "late" {
					continue // who answers a post late has lost who asked
				}
				want := map[bool]conform.State{true: conform.Fail, false: conform.NotTestable}[how == "never"]
				var owed []json.RawMessage
				l := &said{transport: transport}
				l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
					switch {
					case m.Method == "tools/list" && !of(m):
						r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}}`,
							m.ID)
						return &r
					case of(m) && (how != "the second time" || len(owed) == 0):
						owed = append(owed, m.ID)
						return &conform.Reply{Silent: true, Broken: "no answer within 1m0s"}
					case m.Method == "ping" && how == "late" && len(owed) == 2:
						r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
						r.Messages = append(r.Messages, conform.ReadMessages(fmt.Appendf(nil,
							`{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"no"}}`, owed[0]))...)
						return &r
					}
					return nil
				}
				if id == "L02" && how == "late" {
					continue // what begins a session is alone on its line
				}
				got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, id)
				assert.Equal(t, want, got[id], "%s, %s, %s", id, transport, how)
			}
		}
	}
}

// TestEventsOfOneStream: an id is of one event, and may come again with it only.
func TestEventsOfOneStream(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []conform.Event
		want   conform.State
	}{
		{"each its own", []conform.Event{{ID: "%s-1", Data: "a"}, {ID: "%s-2", Data: "b"}}, conform.Pass},
		{"sent again", []conform.Event{{ID: "%s-1", Data: "a"}, {ID: "%s-1", Data: "a"}}, conform.Pass},
		{"a first one without data", []conform.Event{{ID: "%s-1"}, {ID: "%s-1", Data: "a"}}, conform.Pass},
		{"two with one id", []conform.Event{{ID: "%s-1", Data: "a"}, {ID: "%s-1", Data: "b"}}, conform.Fail},
		{"the same on each stream", []conform.Event{{ID: "1", Data: "a"}}, conform.Fail},
	} {
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
			switch m.Method {
			case "initialize":
				r = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"a","version":"1"}}}`,
					m.ID)
				r.Header.Set("Mcp-Session-Id", "one")
			case "ping":
				r.Header = http.Header{"Content-Type": {"text/event-stream"}}
				for _, e := range c.events {
					e.ID = strings.ReplaceAll(e.ID, "%s", string(m.ID))
					r.Events = append(r.Events, e)
				}
			default:
				return nil
			}
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "H25", "L06", "L06-empty", "R17")
		assert.Equal(t, c.want, got["H25"], c.name)
	}
}

// TestWhoAgreesNowAndThen: a server that agreed to a revision has to do so whatever others
// asked it for meanwhile.
func TestWhoAgreesNowAndThen(t *testing.T) {
	for _, c := range []struct {
		name   string
		agrees func(n int, asked, last string) string
		want   conform.State
	}{
		{"always", func(_ int, asked, _ string) string { return asked }, conform.Pass},
		{"twice", func(n int, asked, _ string) string {
			if n > 3 {
				return conform.R2506
			}
			return asked
		}, conform.Fail},
		{"to what was asked last", func(n int, asked, last string) string {
			if n > 2 && asked == conform.R2511 {
				return last
			}
			return asked
		}, conform.Fail},
	} {
		n, last := 0, ""
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "initialize" {
				return nil
			}
			var p struct{ ProtocolVersion string }
			require.NoError(t, json.Unmarshal(m.Params, &p))
			n++
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":%q,"capabilities":{},"serverInfo":{"name":"a","version":"1"}}}`,
				m.ID, c.agrees(n, p.ProtocolVersion, last))
			last = p.ProtocolVersion
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "L03")
		assert.Equal(t, c.want, got["L03"], c.name)
	}
}

// underSaid are the answers of a row under load at a line.
func underSaid(t *testing.T, l *said, id string) conform.Answer {
	t.Helper()
	trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: conform.HTTP, Now: time.Now,
		Timeout: time.Minute, Sessions: 300})
	require.NoError(t, err)
	for _, r := range conform.UnderRows() {
		if r.ID == id {
			found := trial.Run([]conform.Row{r}).Findings
			require.Len(t, found, 1)
			t.Log(found[0].Saw)
			return found[0].Answer
		}
	}
	t.Fatalf("there is no row %s", id)
	return conform.Answer{}
}

// TestSessionIDsThatFollow: a generator that shows its state gives the next id away, however
// long it is.
func TestSessionIDsThatFollow(t *testing.T) {
	random := func(n int) string {
		b := make([]byte, n/2)
		_, _ = rand.Read(b) // it never fails
		return hex.EncodeToString(b)
	}
	linear := func(bits uint, factor, more string, format string) func() string {
		a, _ := new(big.Int).SetString(factor, 10)
		c, _ := new(big.Int).SetString(more, 10)
		x, modulus, n := big.NewInt(7), new(big.Int).Lsh(big.NewInt(1), bits), 0
		return func() string {
			if n++; n == 2 { // others are given sessions too
				x.Mul(x, a).Add(x, c).Mod(x, modulus)
			}
			x.Mul(x, a).Add(x, c).Mod(x, modulus)
			return fmt.Sprintf(format, x)
		}
	}
	for _, c := range []struct {
		name string
		next func() string
		want conform.State
	}{
		{"random", func() string { return random(32) }, conform.Pass},
		{"16 random digits behind a name", func() string { return "session-" + random(16) }, conform.Pass},
		{"time and random", func() string { return fmt.Sprintf("%012x-%s", time.Now().UnixMilli(), random(20)) },
			conform.Pass},
		{"random, and a name that is a number", func() string { return random(24) + "-02fc00000001" }, conform.Pass},
		{"a clock", func() string { return fmt.Sprintf("%016x-0242ac120002", time.Now().UnixNano()) }, conform.Fail},
		{"a piece of a random one", func() string { return random(8) }, conform.Fail},
		{"64 bits", linear(64, "6364136223846793005", "1442695040888963407", "%016x"), conform.Fail},
		{"64 bits behind a name", linear(64, "6364136223846793005", "1442695040888963407", "session-%016x"), conform.Fail},
		{"digits", linear(64, "6364136223846793005", "0", "%d"), conform.Fail},
		{"128 bits", linear(128, "47026247687942121848144207491837523525", "1", "%032x"), conform.Fail},
	} {
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "initialize" {
				return nil
			}
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"a","version":"1"}}}`,
				m.ID)
			r.Header.Set("Mcp-Session-Id", c.next())
			return &r
		}
		assert.Equal(t, c.want, underSaid(t, l, "U04").State, c.name)
	}
}

// TestProgressOfOthersOnAStream: reports of a call may come on another's stream in sessions, if
// they should not, but none twice.
func TestProgressOfOthersOnAStream(t *testing.T) {
	for _, c := range []struct {
		name  string
		of    func(k int) int // whose progress the stream of a call has
		tells map[string]conform.State
	}{
		{"its own", func(k int) int { return k }, map[string]conform.State{"U06": conform.Pass, "U06-older": conform.Pass}},
		{"its neighbour's", func(k int) int { return k ^ 1 }, map[string]conform.State{"U06": conform.Pass,
			"U06-older": conform.Fail}},
		{"one for all", func(int) int { return 3 }, map[string]conform.State{"U06": conform.Fail,
			"U06-older": conform.Fail}},
	} {
		for id, want := range c.tells {
			var mu sync.Mutex
			l := &said{transport: conform.HTTP}
			l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
				mu.Lock()
				defer mu.Unlock()
				switch m.Method {
				case "tools/list":
					r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}}`,
						m.ID)
					return &r
				case "tools/call":
					var p struct {
						Meta struct{ ProgressToken string } `json:"_meta"`
					}
					require.NoError(t, json.Unmarshal(m.Params, &p))
					r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`, m.ID)
					token, k := p.Meta.ProgressToken, 0
					if n, _ := fmt.Sscanf(token, "mcpload-under-%d", &k); n == 1 {
						token = fmt.Sprintf("mcpload-under-%d", c.of(k))
					}
					for value := range 3 {
						r.Messages = append(conform.ReadMessages(fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%q,"progress":%d}}`,
							token, 3-value)), r.Messages...)
					}
					return &r
				}
				return nil
			}
			assert.Equal(t, want, underSaid(t, l, id).State, "%s, %s", c.name, id)
		}
	}
}

// TestWhatErrorsGiveAway: paths of a program and addresses of its network are no caller's to
// know, unless they asked with them.
func TestWhatErrorsGiveAway(t *testing.T) {
	for told, want := range map[string]conform.State{
		"there is no such method":                      conform.Pass,
		"cannot open /srv/app/lib/echo.py":             conform.Fail,
		`TypeError in C:\app\lib\echo.js`:              conform.Fail,
		"connect ECONNREFUSED 10.0.3.7:5432":           conform.Fail,
		"see https://example.com/docs/api/errors.py":   conform.Pass,
		"may read below /srv/data only":                conform.Pass,
		"version 10.2 of 110.0.3.7, and/or a.b/c/d.py": conform.Pass,
	} {
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "mcpload/no-such-method" {
				return nil
			}
			text, err := json.Marshal(told)
			require.NoError(t, err)
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":%s}}`, m.ID, text)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "R04", "T14")
		assert.Equal(t, want, got["T14"], told)
	}
}

// TestAnswersToOthers: under load what was asked by another request is no answer, though its id
// is right.
func TestAnswersToOthers(t *testing.T) {
	for method, c := range map[string]struct {
		result string
		broken bool
	}{
		"ping":                   {`{}`, false},
		"tools/list":             {`{"tools":[]}`, false},
		"ping, as a list":        {`{"tools":[]}`, true},
		"tools/list, as a ping":  {`{}`, true},
		"tools/list, as a limit": {`{"isError":true,"content":[{"type":"text","text":"not now"}]}`, false},
	} {
		method, _, _ := strings.Cut(method, ",")
		l := conform.Loaded{Members: map[string]string{"tools/list": "tools"}}
		l.Note(&conform.Exchange{Request: conform.Request{Await: "1", Body: fmt.Appendf(nil, `{"id":1,"method":%q}`, method)},
			Reply: conform.Reply{Messages: conform.ReadMessages([]byte(`{"jsonrpc":"2.0","id":1,"result":` + c.result + `}`))}})
		found := l.Rows(func() {})[0].Check(nil)
		assert.Equal(t, map[bool]conform.State{true: conform.Fail, false: conform.Pass}[c.broken], found.State, c.result)
	}
}

// TestAHangThatEndsTheServer is told, though nothing more can be asked; what wasn't seen until then
// is no pass.
func TestAHangThatEndsTheServer(t *testing.T) {
	for name, ends := range map[string]bool{"it ends": true, "it goes on": false} {
		gone := false
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			switch {
			case gone:
				return &conform.Reply{Broken: "connection refused"}
			case m.Method == "tools/list":
				r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"x":{"type":"string"}}},"annotations":{"readOnlyHint":true}}]}}`,
					m.ID)
				return &r
			case m.Method == "tools/call" && strings.Contains(string(m.Params), "null"):
				gone = ends
				return &conform.Reply{Silent: true, Broken: "no answer within 1m0s"}
			case m.Method == "tools/call":
				r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`, m.ID)
				return &r
			}
			return nil
		}
		trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: conform.HTTP,
			Timeout: time.Minute})
		require.NoError(t, err)
		n := 0
		f := &conform.Fuzz{Seed: 1, More: func() bool { n++; return n < 500 }}
		got := map[string]conform.State{}
		for _, one := range trial.Run(f.Rows()).Findings {
			got[one.ID] = one.State
			t.Logf("%s, %s %s: %s", name, one.ID, one.State, one.Saw)
		}
		others := map[bool]conform.State{true: conform.NotTestable, false: conform.Pass}[ends]
		assert.Equal(t, map[string]conform.State{"F01": others, "F02": conform.Fail, "F03": others}, got, name)
	}
}

// TestStrangersThatAreLimited: a limit of their own is none of the user's. One of the address
// can't be told from the user's here.
func TestStrangersThatAreLimited(t *testing.T) {
	for _, c := range []struct {
		shared bool
		want   conform.State
	}{{false, conform.Pass}, {true, conform.NotTestable}} {
		left := 20
		l := &said{transport: conform.HTTP}
		l.odd = func(r conform.Request, _ conform.Message) *conform.Reply {
			status := http.StatusUnauthorized
			switch {
			case r.Header.Get("Authorization") == "" && (!c.shared || left > 0):
				return nil
			case r.Header.Get("Authorization") == "" || left == 0:
				status, left = http.StatusTooManyRequests, 0
			default:
				left--
			}
			return &conform.Reply{Status: status, Header: http.Header{}}
		}
		trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: conform.HTTP, Bearer: true,
			Timeout: time.Minute})
		require.NoError(t, err)
		for _, r := range conform.UnderRows() {
			if r.ID == "U07" {
				f := trial.Run([]conform.Row{r}).Findings[0]
				assert.Equal(t, c.want, f.State, f.Saw)
			}
		}
	}
}

// TestAnEmptyListOfNothing is none where nobody knows what would be listed.
func TestAnEmptyListOfNothing(t *testing.T) {
	for method, want := range map[string]conform.State{"prompts/list": conform.Pass,
		"mcpload/no-such-feature": conform.Fail} {
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != method {
				return nil
			}
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"prompts":[]}}`, m.ID)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "L04")
		assert.Equal(t, want, got["L04"], method)
	}
}
