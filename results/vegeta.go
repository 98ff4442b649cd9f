package results

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/history"
)

// ErrNoCalls is returned by renderers that show single calls, where no call was
// stored.
var ErrNoCalls = errors.New("results: the run has no stored calls")

// Vegeta writes the calls as the stream that vegeta's own commands read: its
// report, plot and encode. The attack is named for the server, and hits of all
// servers stand in the order of their due instants. It fails with ErrNoCalls where
// there are none.
func Vegeta(w io.Writer, d *Document, histories map[string][]history.Call) error {
	start, err := time.Parse(time.RFC3339, d.Started)
	if err != nil {
		return fmt.Errorf("results: started %q is not a time as RFC 3339 spells it", d.Started)
	}
	type hit struct {
		server string
		call   *history.Call
	}
	var hits []hit
	for i := range d.Servers {
		name := d.Servers[i].Server
		for j := range histories[name] {
			hits = append(hits, hit{name, &histories[name][j]})
		}
	}
	if len(hits) == 0 {
		return ErrNoCalls
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.call.Due, b.call.Due) })
	encode := vegeta.NewEncoder(w)
	seq := map[string]uint64{}
	for _, h := range hits {
		r := h.call.Result(h.server, start)
		r.Seq = seq[h.server]
		seq[h.server]++
		if err := encode(&r); err != nil {
			return fmt.Errorf("results: cannot write the vegeta stream: %w", err)
		}
	}
	return nil
}
