package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// unexplained are the refusals that no law can have made. A call that no law is about
// isn't judged: nobody promised anything of it.
func (j *lawJudge) unexplained() []Unexplained {
	room := map[int32][]string{}
	for x := range j.promise {
		for _, c := range j.counters[x] {
			for k, i := range c.refuse {
				if call := c.stakes[i].call; j.by[call] == 0 {
					room[call] = append(room[call], j.room(x, c.bound[k]))
				}
			}
		}
	}
	var out []Unexplained
	for _, call := range slices.Sorted(maps.Keys(room)) {
		out = append(out, Unexplained{Call: int(call) + 1, Room: room[call]})
	}
	return out
}

// room says what was surely left of a law where it is at the least N that leaves
// something.
func (j *lawJudge) room(x int, bound float64) string {
	l := j.promise[x]
	left := float64(l.N) - (bound - 1)
	return fmt.Sprintf("%s: at least %s of %d left", l, whole(outwards(left, math.Floor)), l.N)
}
