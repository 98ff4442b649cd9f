package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
)

// positions names calls, those in a row together: "calls 1–17 and 19". A long
// list is cut short, and the number of calls is said.
func positions(list []int) string {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	var runs []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			runs = append(runs, strconv.Itoa(list[i]))
		case 1:
			runs = append(runs, strconv.Itoa(list[i]), strconv.Itoa(list[j]))
		default:
			runs = append(runs, fmt.Sprintf("%d–%d", list[i], list[j]))
		}
		i = j + 1
	}
	const most = 8
	switch {
	case len(list) == 1:
		return "call " + runs[0]
	case len(runs) > most:
		return fmt.Sprintf("%d calls: %s, … %s", len(list), strings.Join(runs[:most-1], ", "), runs[len(runs)-1])
	}
	return "calls " + words.And(runs)
}

// String says the limit and where it was taken from: "15/s burst 40 (from acb)".
func (l Limit) String() string { return strings.TrimSpace(l.bucket() + " " + l.origin()) }

// bucket says the limit alone: "15/s burst 40".
func (l Limit) bucket() string {
	if l.Rate == 0 && l.Burst == 0 {
		return "none" // nothing was held against one: a general load
	}
	s := fmt.Sprintf("%s/s burst %d", strconv.FormatFloat(l.Rate, 'g', 6, 64), l.Burst)
	if l.Scope == "client" {
		s += " a client"
	}
	return s
}

// origin is where a limit was taken from, or empty where it is the profile's
// own.
func (l Limit) origin() string {
	switch {
	case l.Inherited != "":
		return "(from " + l.Inherited + ")"
	case l.Tier != "":
		return "(tier " + l.Tier + ")"
	}
	return ""
}

// String says the box: "14.96–15.04/s, 39.97–40.25".
func (m *Measured) String() string {
	s := m.Rate.String() + "/s, " + m.Burst.String()
	if m.Or != nil {
		s += fmt.Sprintf(" (or %s/s)", m.Or.Rate)
	}
	return s
}

// Identity is what a target is told apart by: those of two identities are different
// servers, and have no trend together.
func (t Target) Identity() string {
	if t.Label == "" {
		return t.String()
	}
	return t.String() + " " + t.Label
}

// Other reports if two targets are certainly different servers: a mock and none, one
// in virtual time and one in real time, or two labels. How one is reached, and a label
// that one of them doesn't have, tell nothing.
func (t Target) Other(o Target) bool {
	return (t.Kind == "mock") != (o.Kind == "mock") || (t.Transport == "virtual") != (o.Transport == "virtual") ||
		t.Label != "" && o.Label != "" && t.Label != o.Label
}

// OwnLabel is the label, but where the address says the same.
func (t ProbedTarget) OwnLabel() string {
	if (Target{Address: t.URL, Label: t.Label}).addressed() {
		return ""
	}
	return t.Label
}

// addressed reports if the address has the label in it already.
func (t Target) addressed() bool {
	bare := strings.NewReplacer(":80/", "/", ":443/", "/").Replace(t.Label + "/")
	return strings.Contains(t.Address+"/", t.Label+"/") || strings.Contains(t.Address+"/", "://"+bare)
}

// String says the target: "mock http".
func (t Target) String() string { return strings.TrimSpace(t.Kind + " " + t.Transport) }
