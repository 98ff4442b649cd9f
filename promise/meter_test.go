package promise

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const ms = time.Millisecond

func law(t interface{ Fatal(...any) }, text string) Law {
	l, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestMeter takes units at instants, and asks what is left after each.
func TestMeter(t *testing.T) {
	type step struct {
		at        time.Duration
		units     int // 0: only ask
		granted   bool
		sure, may float64
	}
	for text, steps := range map[string][]step{
		"10/s burst 3": {
			{0, 3, true, 0, 0}, {50 * ms, 1, false, 0.5, 0.5}, {100 * ms, 1, true, 0, 0},
			{10 * time.Second, 0, false, 3, 3},
		},
		"10/s burst 20 steps 10 every 1s": {
			{0, 20, true, 0, 10}, {500 * ms, 0, false, 0, 15}, {time.Second, 0, false, 0, 20},
			{2 * time.Second, 0, false, 10, 20},
			{3 * time.Second, 0, false, 10, 20},
		},
		"3 per 1s sliding": {
			{0, 2, true, 1, 1}, {500 * ms, 1, true, 0, 0}, {999 * ms, 1, false, 0, 0}, {time.Second, 0, false, 2, 2},
			{1500 * ms, 0, false, 3, 3},
		},
		"3 per 1s fixed": {
			{200 * ms, 1, true, 2, 2}, {1100 * ms, 2, true, 0, 0}, {1199 * ms, 1, false, 0, 0},
			{1200 * ms, 3, true, 0, 0},
			{2199 * ms, 0, false, 0, 0}, {2200 * ms, 0, false, 3, 3},
		},
		"3 per 1s aligned": {
			{0, 2, true, 1, 1}, {500 * ms, 0, false, 1, 3}, {999 * ms, 3, true, 0, 0}, {1000 * ms, 0, false, 0, 3},
			{1999 * ms, 0, false, 3, 3},
		},
		"3 per 1s": {
			{0, 3, true, 0, 0}, {1500 * ms, 0, false, 0, 3}, {2 * time.Second, 0, false, 3, 3},
		},
		"quota 5 per hour": {
			{0, 5, true, 0, 0}, {time.Minute, 0, false, 0, 5}, {time.Hour, 0, false, 5, 5},
		},
		"2 at a time": {
			{0, 2, true, 0, 0}, {1, 2, true, 0, 0},
		},
	} {
		m := NewMeter(law(t, text))
		for i, s := range steps {
			if s.units > 0 {
				require.Equal(t, s.granted, m.Take(s.at, s.units), "%s: step %d", text, i)
			}
			sure, may := m.Left(s.at)
			require.InDelta(t, s.sure, sure, 1e-9, "%s: step %d, sure", text, i)
			require.InDelta(t, s.may, may, 1e-9, "%s: step %d, may", text, i)
		}
	}
}

// A server is one that a law allows, written down as its authors would.
type server interface {
	admit(at time.Duration) bool
}

type flowing struct{ rate, level, burst, now float64 }

func (s *flowing) admit(at time.Duration) bool {
	s.level = min(s.burst, s.level+s.rate*(at.Seconds()-s.now))
	s.now = at.Seconds()
	if s.level < 1-1e-9 {
		return false
	}
	s.level--
	return true
}

type stepping struct {
	every, next time.Duration // next fill
	step        int
	level, most int
}

func (s *stepping) admit(at time.Duration) bool {
	for ; s.next <= at; s.next += s.every {
		s.level = min(s.most, s.level+s.step)
	}
	if s.level < 1 {
		return false
	}
	s.level--
	return true
}

type logging struct {
	n     int
	every time.Duration
	log   []time.Duration
}

func (s *logging) admit(at time.Duration) bool {
	for len(s.log) > 0 && s.log[0] <= at-s.every {
		s.log = s.log[1:]
	}
	if len(s.log) >= s.n {
		return false
	}
	s.log = append(s.log, at)
	return true
}

type counting struct {
	n, used int
	every   time.Duration
	end     time.Duration
	first   bool // the window opens with a request
	last    int  // what the window before admitted, faded in where fades is set
	fades   bool
}

func (s *counting) admit(at time.Duration) bool {
	for at >= s.end {
		s.last, s.used = s.used, 0
		if s.first {
			s.end = at + s.every
			break
		}
		s.end += s.every
	}
	used := float64(s.used)
	if s.fades {
		used += float64(s.last) * float64(s.end-at) / float64(s.every)
	}
	if used+1 > float64(s.n)+1e-9 {
		return false
	}
	s.used++
	return true
}

// honest draws a server that keeps the law, with a phase that nobody knows.
func honest(t *rapid.T, l Law) server {
	phase := time.Duration(rapid.Int64Range(1, int64(max(1, l.Every))).Draw(t, "phase"))
	if l.Kind == Bucket {
		if l.Step > 0 {
			return &stepping{every: l.Every, next: phase, step: l.Step, level: l.N, most: l.N}
		}
		return &flowing{rate: l.Rate, level: float64(l.N), burst: float64(l.N)}
	}
	style := l.Style
	if style == Unsaid {
		style = rapid.SampledFrom([]Style{Sliding, Fixed, Aligned, Counter}).Draw(t, "style")
	}
	if style == Sliding {
		return &logging{n: l.N, every: l.Every}
	}
	s := &counting{n: l.N, every: l.Every, end: phase, first: style == Fixed, fades: style == Counter}
	if s.first {
		s.end = 0
	}
	return s
}

// Whatever an honest server does lies between what is surely left and what may be,
// and never above Most; after Rested it grants everything.
func TestMeterBoundsHonestServers(t *testing.T) {
	for _, text := range []string{"10/s burst 3", "7/s burst 20", "10/s burst 20 steps 10 every 1s",
		"4/s burst 4 steps 1 every 250ms",
		"3 per 1s sliding", "3 per 1s fixed", "3 per 1s aligned", "3 per 1s counter", "3 per 1s", "10 per 2s"} {
		l := law(t, text)
		rapid.Check(t, func(t *rapid.T) {
			m, s := NewMeter(l), honest(t, l)
			at, admitted := time.Duration(0), []time.Duration(nil)
			gaps := rapid.SliceOfN(rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(0, int64(100*ms)),
				rapid.Int64Range(0, int64(3*time.Second))), 1, 60)
			for _, gap := range gaps.Draw(t, "gaps") {
				at += time.Duration(gap)
				sure, may := m.Left(at)
				yes := s.admit(at)
				if yes && may < 1-1e-6 {
					t.Fatalf("%s: admitted at %s, where at most %g are left", text, at, may)
				}
				if !yes && sure >= 1+1e-6 {
					t.Fatalf("%s: refused at %s, where %g are surely left", text, at, sure)
				}
				if yes {
					m.Take(at, 1)
					admitted = append(admitted, at)
				}
			}
			for i := range admitted {
				for j := i; j < len(admitted); j++ {
					if span := admitted[j] - admitted[i]; float64(j-i+1) > l.Most(span)+1e-6 {
						t.Fatalf("%s: %d in %s, at most %g", text, j-i+1, span, l.Most(span))
					}
				}
			}
			rested := m.Rested(at)
			for i := range l.N {
				if !s.admit(rested + 1) {
					t.Fatalf("%s: refused %d after a rest to %s", text, i+1, rested)
				}
			}
		})
	}
}

func TestMost(t *testing.T) {
	for _, row := range []struct {
		text string
		span time.Duration
		want float64
	}{
		{"10/s burst 20", 2 * time.Second, 40}, {"10/s burst 20", 0, 20},
		{"10/s burst 20 steps 10 every 1s", 0, 30}, {"10/s burst 20 steps 10 every 1s", 999 * ms, 30},
		{"3 per 1s sliding", 999 * ms, 3}, {"3 per 1s sliding", time.Second, 6},
		{"3 per 1s fixed", 0, 3}, {"3 per 1s fixed", 1, 6}, {"3 per 1s aligned", time.Second, 6},
		{"3 per 1s", 1001 * ms, 9},
		{"quota 5 per hour", time.Minute, 10},
	} {
		require.Equal(t, row.want, law(t, row.text).Most(row.span), "%s in %s", row.text, row.span)
	}
	require.True(t, law(t, "2 at a time").Most(time.Hour) > 1e300)
}

func TestCost(t *testing.T) {
	c := Charge{Free: []string{"ping"}, May: []string{"resources/list"}, Methods: []string{"*"},
		Tools: []string{"get_*", "crawl"},
		Units: map[string]int{"get_*": 2, "get_big*": 3, "get_bigger": 7, "crawl": 5}}
	for name, want := range map[string][2]int{
		"ping": {0, 0}, "resources/list": {0, 1}, "tools/list": {1, 1}, "notifications/cancelled": {0, 1},
		"tools/call get_x": {2, 2}, "tools/call get_bigx": {3, 3}, "tools/call get_bigger": {7, 7},
		"tools/call crawl": {5, 5}, "tools/call other": {0, 0},
	} {
		method, tool := name, ""
		if len(name) > 11 && name[:11] == "tools/call " {
			method, tool = name[:10], name[11:]
		}
		least, most := c.Cost(method, tool)
		require.Equal(t, want, [2]int{least, most}, name)
	}
	least, most := Charge{}.Cost("tools/call", "any")
	require.Equal(t, [2]int{1, 1}, [2]int{least, most}, "a zero charge takes one for every request")
	for _, method := range []string{"tools/list", "initialize", "notifications/initialized"} {
		least, most = Charge{Tools: []string{"crawl"}}.Cost(method, "")
		require.Equal(t, [2]int{0, 0}, [2]int{least, most}, "of tools only calls are charged, and no %s", method)
	}
	least, most = Charge{Tools: []string{"crawl"}}.Cost("tools/call", "crawl")
	require.Equal(t, [2]int{1, 1}, [2]int{least, most})
	least, most = Charge{May: []string{"*"}}.Cost("notifications/initialized", "")
	require.Equal(t, [2]int{0, 1}, [2]int{least, most}, "nobody knows covers notifications")
}
