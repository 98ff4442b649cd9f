package merge

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/results"
)

// whole is an error where a part's calls aren't those that its document counts, by
// scenario: without them, what others were refused has no reason.
func (p *Part) whole(planned map[string]int) error {
	if p.shard().Lost != "" {
		return nil // the document is that of another part
	}
	for _, sc := range p.server().Scenarios {
		if n := planned[sc.Scenario]; n != sc.Calls.Planned {
			return changed(fmt.Sprintf("%d calls of %s", n, sc.Scenario), sc.Calls.Planned)
		}
	}
	return nil
}

func changed(has string, says int) error {
	return fmt.Errorf("it has %s, and its document says %d: it was changed after it was kept", has, says)
}

// counted is an error where what parts of a load measured isn't what their documents
// count.
func counted(sorted []Part, got results.Counts) error {
	var want results.Counts
	for _, p := range sorted {
		if p.shard().Lost != "" {
			return nil // the document is that of another part
		}
		sc, _ := loadOf(p)
		want = added(want, sc.Calls)
	}
	if got != want {
		return fmt.Errorf("the shards measured %d calls, %d of them admitted, and their documents say %d and %d: one "+
			"was changed after it was kept", got.Planned, got.Admitted, want.Planned, want.Admitted)
	}
	return nil
}

// asked are the scenarios of a part, by which parts of one plan are alike.
func (p *Part) asked() (names []string) {
	for _, sc := range p.server().Scenarios {
		names = append(names, sc.Scenario)
	}
	return names
}

// alike reports if two parts have the same scenarios. One that could not run may lack
// some.
func alike(a, b *Part) bool {
	return a.server().Error != "" || b.server().Error != "" || isConform(*a) || slices.Equal(a.asked(), b.asked())
}
