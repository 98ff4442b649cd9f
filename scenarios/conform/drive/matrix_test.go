package drive_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// serveMock makes this test's program a mock over stdio, with the fault that it
// names.
const serveMock = "CONFORM_TEST_SERVE"

func TestMain(m *testing.M) {
	if address, ok := os.LookupEnv(serveCalls); ok {
		serveSlowly(address, os.Getenv(serveCuts) != "")
	}
	if as, ok := os.LookupEnv(serveOdd); ok {
		serveOddly(as)
	}
	fault, ok := os.LookupEnv(serveMock)
	if !ok {
		flag.Parse()
		if err := flag.Set("test.parallel", "16"); err != nil { // most of them wait
			panic(err)
		}
		os.Exit(m.Run())
	}
	s, err := mock.New(config(fault))
	if err == nil {
		err = s.ServeStdio(context.Background(), &mortal{Reader: os.Stdin, at: []byte(os.Getenv(serveUntil))}, os.Stdout)
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
}

func config(fault string) mock.Config {
	p := profiles.ForURL(profiles.Limit{Rate: 100_000, Burst: 100_000})
	p.Name = "fixture"
	return mock.Config{Profile: p, Fixture: true, ConformFault: fault}
}

// guarded is the transport of a server over HTTP that demands tokens.
const guarded = "guarded"

// target starts a mock with a fault and says how to drive it.
func target(t *testing.T, transport, fault string) drive.Config {
	t.Helper()
	if transport == guarded {
		m := config(fault)
		m.Bearers = []string{"mock-token", "other-token"}
		c := started(t, m, conform.HTTP)
		c.Header, c.Other = http.Header{"Authorization": {"Bearer mock-token"}},
			http.Header{"Authorization": {"Bearer other-token"}}
		return c
	}
	c := drive.Config{Transport: transport, Timeout: 10 * time.Second}
	if transport == conform.Stdio {
		self, err := os.Executable()
		require.NoError(t, err)
		c.Command, c.Env = []string{self}, []string{serveMock + "=" + fault}
		return c
	}
	return started(t, config(fault), transport)
}

func started(t *testing.T, m mock.Config, transport string) drive.Config {
	t.Helper()
	c := drive.Config{Transport: transport, Timeout: 10 * time.Second}
	s, err := mock.New(m)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	c.URL, err = s.Start(transport, "127.0.0.1:0")
	require.NoError(t, err)
	return c
}

// TestHonest holds the whole table to a server that has one of everything and does
// everything right: nothing fails, and what isn't testable is known.
func TestHonest(t *testing.T) {
	for _, transport := range []string{conform.HTTP, conform.SSE, conform.Stdio, guarded} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			found, err := drive.Run(context.Background(), target(t, transport, ""))
			require.NoError(t, err)
			want := conform.Revisions()
			if transport == conform.SSE {
				want = want[1:]
			}
			var spoken []string
			judged := map[string]bool{}
			for _, r := range found.Reports {
				spoken = append(spoken, r.Revision)
				assert.Empty(t, r.Ended, r.Revision)
				for _, f := range r.Findings {
					judged[f.ID] = judged[f.ID] || f.State != conform.NotTestable
					if f.Area == conform.Authorization && transport != guarded {
						continue // it asks for no token
					}
					if assert.NotEqual(t, conform.Fail, f.State, "%s %s: %s", r.Revision, f.ID, f.Saw) &&
						f.State == conform.NotTestable {
						assert.Contains(t, untested, f.ID, "%s: %s", r.Revision, f.Saw)
					}
				}
			}
			assert.Equal(t, want, spoken)
			n := 0
			for _, was := range judged {
				if was {
					n++
				}
			}
			t.Logf("%d rows are judged", n)
			assert.GreaterOrEqual(t, n, leastJudged[transport], "fewer rows are judged than once were")
		})
	}
}

// leastJudged is how many rows the honest mock must be judged by.
var leastJudged = map[string]int{conform.HTTP: 95, conform.SSE: 49, conform.Stdio: 73, guarded: 105}

// untested are the rows that the honest mock gives no occasion for, with the reason.
var untested = map[string]string{
	"D06": "it speaks older revisions too",
	"P06": "it shows everybody the same",
}

// TestEveryFaultIsSeen breaks the protocol in every way that the mock can: the
// fault's row must fail, and show an exchange.
func TestEveryFaultIsSeen(t *testing.T) {
	rows := slices.Concat(conform.Rows(), (&conform.Fuzz{}).Rows(), conform.LoadRows())
	for _, f := range mock.ConformFaults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			k := slices.IndexFunc(rows, func(r conform.Row) bool { return r.ID == f.Row })
			require.GreaterOrEqual(t, k, 0, "the fault names no row of the table")
			row, transport := rows[k], conform.HTTP
			switch {
			case f.Stdio:
				transport = conform.Stdio
			case f.SSE:
				transport = conform.SSE
			}
			on := transport
			if row.Area == conform.Authorization {
				on = guarded
			}
			c := target(t, on, f.Name)
			if slices.Contains([]string{"outlives-stdin", "ignores-term", "deaf-after-garbage", "one-era",
				"raw-line-breaks", "odd-hangs", "outlives-both"}, f.Name) {
				c.Timeout = time.Second // which is how long it is waited for what never comes
			}
			c.Rows = []conform.Row{row}
			if row.Watch != nil { // which look at what others send
				for _, r := range rows {
					if slices.Contains([]string{"R04", "T02", "T07"}, r.ID) {
						c.Rows = append(c.Rows, r)
					}
				}
			}
			switch row.ID[0] {
			case 'F':
				c.Rows, c.Fuzz = rows[:1], 2*time.Second
			case 'U':
				c.Rows, c.Under, c.Loaded, c.Sessions = rows[:1], 500, []conform.Row{row}, 300
				if row.ID == "U05" || row.ID == "U08" {
					c.Tool, c.Arguments = "slow", []byte(`{"ms":600}`)
				}
			}
			c.Revisions = []string{newest(t, &row, transport, f.Revision)}
			got := found(t, c, f.Row)
			for tries := 0; tries < 3 && got != nil && got.State == conform.NotTestable; tries++ {
				c.Timeout = min(3*c.Timeout, 10*time.Second) // a busy machine takes its time
				got = found(t, c, f.Row)
			}
			require.NotNil(t, got, "the row was not tried")
			assert.Equal(t, conform.Fail, got.State, got.Saw)
			assert.NotEmpty(t, got.Shows, "no exchange shows it")
		})
	}
}

// TestAFaultLeavesTheRest of what the mock says as it is: a session that was told of something gets
// all by event streams, and those end as they must.
func TestAFaultLeavesTheRest(t *testing.T) {
	c := target(t, conform.HTTP, "any-cursor")
	c.Revisions = []string{conform.R2511}
	c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return r.ID != "X01" && r.ID != "L06" })
	slices.SortFunc(c.Rows, func(a, b conform.Row) int { return strings.Compare(b.ID, a.ID) })
	got := found(t, c, "L06")
	require.NotNil(t, got)
	assert.Equal(t, conform.Pass, got.State, got.Saw)
}

// found is what came of a row; nil where it wasn't tried.
func found(t *testing.T, c drive.Config, row string) *conform.Finding {
	t.Helper()
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	require.Len(t, found.Reports, 1)
	list := found.Reports[0].Findings
	if k := slices.IndexFunc(list, func(f conform.Finding) bool { return f.ID == row }); k >= 0 {
		return &list[k]
	}
	return nil
}

// newest is the newest revision that has the row.
func newest(t *testing.T, row *conform.Row, transport, only string) string {
	t.Helper()
	for _, r := range conform.Revisions() {
		if row.Applies(r, transport) && (only == "" || only == r) {
			return r
		}
	}
	t.Fatalf("no revision has the row %s over %s", row.ID, transport)
	return ""
}

// TestEveryRowCanFail demands a fault for every row.
func TestEveryRowCanFail(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range mock.ConformFaults() {
		seen[f.Row] = true
	}
	ids := map[string]bool{}
	for _, r := range conform.Rows() {
		assert.True(t, seen[r.ID] || unbroken[r.ID] != "", "no fault of the mock breaks %s", r.ID)
		assert.False(t, ids[r.ID], "%s stands in the table twice", r.ID)
		assert.True(t, (r.Check == nil) != (r.Watch == nil), "%s has a check or a watch", r.ID)
		assert.Contains(t, conform.Areas(), r.Area, r.ID)
		ids[r.ID] = true
	}
}

// unbroken are the rows that the mock can't break, with the reason; another test
// shows that each can fail.
var unbroken = map[string]string{"S10": "a mock ends no process; TestBadRequestThatEndsTheProcess has one that ends"}
