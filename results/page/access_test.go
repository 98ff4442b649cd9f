package page

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Headings go down by one level at a time, no head of a table is empty, and no two regions
// have one name: who hears a page finds the way in it.
func TestPagesAreInOrder(t *testing.T) {
	calls := bucketCalls(200, 15, 40)
	for name, html := range map[string]string{
		"run":    drawn(t, judged(calls, 15, 40), calls),
		"broken": drawn(t, judged(calls, 15, 20), calls),
		"probe":  probePage(t, found(), calls),
	} {
		level := "0"
		for _, h := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(html, -1) {
			assert.LessOrEqual(t, h[1][0], level[0]+1, "%s: h%s stands below h%s", name, h[1], level)
			level = h[1]
		}
		require.NotEqual(t, "0", level, name)
		assert.NotContains(t, html, `<th scope="col"></th>`, name)
		seen := map[string]bool{}
		for _, r := range regexp.MustCompile(`role="region" aria-label="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			assert.False(t, seen[r[1]], "%s: two regions are called %q", name, r[1])
			seen[r[1]] = true
		}
		require.NotEmpty(t, seen, name)
	}
}
