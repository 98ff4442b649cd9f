package verdict

import (
	"fmt"
	"math"
)

// unexplained are the refusals that no law can have made. A call that no law is about
// isn't judged: nobody promised anything of it.
func (j *lawJudge) unexplained() []Unexplained {
	var out []Unexplained
	for i := range j.calls {
		if j.byLaws[i] > 0 {
			continue
		}
		u := Unexplained{Call: i + 1}
		for x := range j.promise {
			if bound := j.bound[x][i]; bound > 0 {
				u.Room = append(u.Room, j.room(x, bound))
			}
		}
		if u.Room != nil {
			out = append(out, u)
		}
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
