package probe_test
import ("testing";"github.com/mcpload/mcpload/probe")
func TestTmp(t *testing.T){
 r := run(t, newServer(t, limit(12,16),"fixed-window",""), probe.Config{Seed:1})
 t.Log(names(r), r.Sent, r.Elapsed)
 n := map[string]int{}
 for _, c := range r.Calls { n[c.Label]++; if c.Label=="model" { t.Log(c.Sent,c.Outcome)} }
 t.Log(n)
 probe.DumpWindows(r)
}
