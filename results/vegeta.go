package results

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	lib "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/history/vegeta"
)

// ErrNoCalls is returned by renderers that show single calls, where no call was
// stored.
var ErrNoCalls = errors.New("the run has no stored calls")

// Vegeta writes the calls as the stream that vegeta's own commands read: its
// report, plot and encode. The attack is named for the server, and hits of all
// servers stand in the order of their due instants. It fails with ErrNoCalls where
// there are none.
func Vegeta(w io.Writer, d *Document, histories map[string][]history.Call) error {
	start, err := d.start()
	if err != nil {
		return err
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
	write := vegetaWriter(w, start)
	for _, h := range hits {
		if err := write(h.server, h.call); err != nil {
			return err
		}
	}
	return nil
}

// VegetaStream is Vegeta for calls that are too many to be in memory at once: each
// hands them to its argument, one by one. They stand in that order.
func VegetaStream(w io.Writer, d *Document, each func(fn func(server string, c *history.Call) error) error) error {
	start, err := d.start()
	if err != nil {
		return err
	}
	write, none := vegetaWriter(w, start), true
	err = each(func(server string, c *history.Call) error {
		none = false
		return write(server, c)
	})
	if err == nil && none {
		return ErrNoCalls
	}
	return err
}

// vegetaWriter returns what writes one call after the other.
func vegetaWriter(w io.Writer, start time.Time) func(server string, c *history.Call) error {
	encode := lib.NewEncoder(w)
	seq := map[string]uint64{}
	return func(server string, c *history.Call) error {
		r := vegeta.Result(c, server, start)
		r.Seq = seq[server]
		seq[server]++
		if err := encode(&r); err != nil {
			return fmt.Errorf("cannot write the vegeta stream: %w", err)
		}
		return nil
	}
}

func (d *Document) start() (time.Time, error) {
	start, err := time.Parse(time.RFC3339, d.Started)
	if err != nil {
		return start, fmt.Errorf("started %q is not a time as RFC 3339 spells it", d.Started)
	}
	return start, nil
}
