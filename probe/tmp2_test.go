package probe
import "fmt"
func (l log) Dump(){
 edges := l.edges()
 for _, e := range edges { fmt.Printf("edge %.4f..%.4f (mod 1.3333: %.4f %.4f)\n", e.from/1e9, e.to/1e9, mod(e.from), mod(e.to)) }
 w := 16.0/12*1e9
 n, ok := l.fitsWindows(w, 0)
 fmt.Println("truth fits", n, ok)
 for i := range edges { for k := i+1; k < min(len(edges), i+4); k++ {
   apart := edges[k].middle()-edges[i].middle()
   if max(edges[i].width(), edges[k].width()) > 0.3*apart { continue }
   for parts := 1.0; parts <= 3; parts++ { w, ph, ok := fitEdges(edges, apart/parts); if ok {  n, ok2 := l.fitsWindows((w.Lo+w.Hi)/2, ph); fmt.Println(apart/parts/1e9, w.Lo/1e9, w.Hi/1e9, ph/1e9, ok, n, ok2) } }
 }}
}
func mod(x float64) float64 { x/=1e9; w:=16.0/12; return x-float64(int(x/w))*w }
func DumpWindows(r Report) { var own = r.Calls[:0:0]; for _, c := range r.Calls { if c.Client=="c1" && (c.Label=="ramp"||c.Label=="box"||c.Label=="model") { own = append(own,c)}}; newLog(own, "tools/call").Dump() }
