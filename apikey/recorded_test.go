package apikey_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

var update = flag.Bool("update", false, "record anew what is found and what is said")

// spoiled are ways in which a good value goes wrong, or nearly.
var spoiled = []struct {
	name string
	of   func(v string) string
}{
	{"as it is", func(v string) string { return v }},
	{"one less", func(v string) string { return v[:len(v)-1] }},
	{"one more", func(v string) string { return v + "a" }},
	{"half", func(v string) string { return v[:len(v)/2] }},
	{"twice", func(v string) string { return v + v }},
	{"another last", func(v string) string { return v[:len(v)-1] + string(turned(v[len(v)-1])) }},
	{"another middle", func(v string) string {
		return v[:len(v)/2] + string(turned(v[len(v)/2])) + v[len(v)/2+1:]
	}},
	{"a mark in the middle", func(v string) string { return v[:len(v)/2] + "!" + v[len(v)/2+1:] }},
	{"another beginning", func(v string) string { return "zz" + v[2:] }},
	{"capitals", strings.ToUpper},
	{"small letters", strings.ToLower},
	{"a space behind", func(v string) string { return v + " " }},
	{"a space within", func(v string) string { return v[:3] + " " + v[3:] }},
	{"a line behind", func(v string) string { return v + "\n" }},
	{"quoted", func(v string) string { return `"` + v + `"` }},
	{"with its scheme", func(v string) string { return "Bearer " + v }},
	{"with its name", func(v string) string { return "API_KEY=" + v }},
	{"a letter of another alphabet", func(v string) string { return v[:4] + "ä" + v[4:] }},
	{"all alike", func(v string) string { return v[:len(v)/2] + strings.Repeat("x", len(v)-len(v)/2) }},
}

// turned is another character of the same kind.
func turned(c byte) byte {
	switch {
	case c == '9', c == 'z', c == 'Z':
		return c - 1
	case c >= '0' && c < '9', c >= 'a' && c < 'z', c >= 'A' && c < 'Z':
		return c + 1
	}
	return 'q'
}

// surroundings are what may touch a key; some of them make it none.
var surroundings = []string{"%s", "x%s", "_%s", "-%s", "help-%s", "%s-more", "%sx", "%s_", ".%s.", "/%s/", "key=%s",
	"key: '%s'", "\"%s\"", "=%s&", "\n%s\n%[1]s", "%s%[1]s"}

// recorded are sums over what is found and said of samples that are the same every
// time, in the order of spoiled, disguised and surroundings.
func recorded(t *testing.T) []string {
	var lines []string
	r := dice()
	for _, p := range apikey.Providers() {
		for i, f := range p.Formats() {
			v := p.SampleOf(i, r)
			if len(v) < 8 {
				continue
			}
			var sums []string
			for _, s := range spoiled {
				said := fmt.Sprintf("%+v", p.Check(s.of(v)))
				require.NotContains(t, said, v)
				sums = append(sums, sum(said))
			}
			lines = append(lines, "said of "+p.Name()+" "+f.Name+": "+strings.Join(sums, " "))
		}
	}
	keys := known(t)
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		sums := make([]string, 0, len(disguised)+len(surroundings))
		for _, d := range disguised {
			sums = append(sums, sumOf(before(name)+d.of(keys[name])))
		}
		for _, s := range surroundings {
			sums = append(sums, sumOf(fmt.Sprintf(s, before(name)+keys[name])))
		}
		lines = append(lines, "found "+name+": "+strings.Join(sums, " "))
	}
	return lines
}

// sumOf is a sum over all that is found in a text, and over what is left of it.
func sumOf(text string) string {
	var b strings.Builder
	var r *apikey.Redactor
	for _, m := range r.Find(text) {
		fmt.Fprintf(&b, "%+v\n", m)
	}
	err := r.Scan(strings.NewReader(text), func(p apikey.Place) error { fmt.Fprintf(&b, "%+v\n", p); return nil })
	return sum(fmt.Sprint(b.String(), r.Redact(text), r.Holds(text), err))
}

func sum(text string) string {
	h := fnv.New32a()
	h.Write([]byte(text)) // a sum takes whatever it is given
	return fmt.Sprintf("%04x", h.Sum32()&0xffff)
}

// TestAsRecorded: whatever changes in what is said of a value or found in a text
// is seen, and either wrong or recorded anew by -update.
func TestAsRecorded(t *testing.T) {
	const file = "testdata/recorded.txt"
	lines := recorded(t)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	before := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, len(before), "-update records anew")
	for i, line := range lines {
		require.Equal(t, before[i], line, "-update records anew")
	}
}
