package mock

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/profiles"
)

// A reference is the promise in exact fractions, written without regard to how
// the limiter does it: the level is recomputed from the whole past.
type reference struct {
	rate, burst *big.Rat
	level       *big.Rat
	at          time.Duration
}

func newReference(perSecond *big.Rat, burst int) *reference {
	b := big.NewRat(int64(burst), 1)
	return &reference{rate: new(big.Rat).Quo(perSecond, big.NewRat(1e9, 1)), burst: b, level: new(big.Rat).Set(b)}
}

func (f *reference) admit(at time.Duration) bool {
	f.level.Add(f.level, new(big.Rat).Mul(f.rate, big.NewRat(int64(at-f.at), 1)))
	f.at = at
	if f.level.Cmp(f.burst) > 0 {
		f.level.Set(f.burst)
	}
	one := big.NewRat(1, 1)
	if f.level.Cmp(one) < 0 {
		return false
	}
	f.level.Sub(f.level, one)
	return true
}

func TestHonestKeepsThePromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		num, den := rapid.Int64Range(1, 200).Draw(t, "num"), rapid.SampledFrom([]int64{1, 2, 4, 10}).Draw(t, "den")
		burst := rapid.IntRange(1, 60).Draw(t, "burst")
		scope := rapid.SampledFrom([]profiles.Scope{profiles.Global, profiles.Client}).Draw(t, "scope")
		l := Honest(profiles.Limit{Rate: float64(num) / float64(den), Burst: burst, Scope: scope,
			Charges: []string{"*"}, Free: []string{"ping"}}, ChargeAll)
		refs := map[string]*reference{}
		token := time.Duration(1e9 * den / num)
		at := time.Duration(0)
		for range rapid.IntRange(1, 300).Draw(t, "calls") {
			// Near multiples of a token's time, where rounding shows.
			at += rapid.SampledFrom([]time.Duration{0, 0, 0, 1, token - 1, token, token + 1, token / 2,
				time.Duration(burst) * token}).Draw(t, "gap")
			client := rapid.SampledFrom([]string{"c1", "c2"}).Draw(t, "client")
			method := rapid.SampledFrom([]string{methodCall, "tools/list", "ping"}).Draw(t, "method")
			a := l.Decide(Request{At: at, Client: client, Method: method})
			if method == "ping" {
				if a != (Answer{}) {
					t.Fatalf("a free request at %s got %+v", at, a)
				}
				continue
			}
			key := client
			if scope == profiles.Global {
				key = ""
			}
			if refs[key] == nil {
				refs[key] = newReference(big.NewRat(num, den), burst)
				refs[key].at = at
			}
			want := refs[key].admit(at)
			if a.Limited == want || a.Charged != want {
				t.Fatalf("at %s %s: want admitted %v, got %+v", at, client, want, a)
			}
		}
	})
}
