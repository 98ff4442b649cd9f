package jsonscan

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzValue: what is JSON is what encoding/json takes, as far as it isn't too deep.
func FuzzValue(f *testing.F) {
	for _, text := range []string{"", "0", "01", "-", "-0.5e+3", "1e", "1.", `"\u00`, `"\ud83d\ude00"`, "\"\t\"", `"\x"`,
		"[", "[1,]", "[1,2]", `{"a":1,"a":{}}`, `{"a"}`, `{a:1}`, "nul", "null ", " true\r\n", "[]]", "\ufefftrue"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := Cursor{Data: text}
		_, err := c.Value()
		if _, deep := errors.AsType[*DepthError](err); deep {
			return
		}
		c.Space()
		require.Equal(t, json.Valid(text), err == nil && c.Pos == len(text), "%v", err)
		require.True(t, err != nil || c.Depth == 0, "what was opened is closed")
	})
}

func TestDepthIsBounded(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	for most, deepest := range map[int]int{0: MostDepth, 3: 3} {
		c := Cursor{Data: nested(deepest), Most: most}
		_, err := c.Value()
		require.NoError(t, err)
		c = Cursor{Data: nested(deepest + 1), Most: most}
		_, err = c.Value()
		deep, ok := errors.AsType[*DepthError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, DepthError{At: deepest, Most: deepest}, *deep)
	}
}

func TestFaultsSayWhatIsThere(t *testing.T) {
	for text, want := range map[string]string{
		`{"a" 1}`:      `'1' at byte 5, where ':' should be`,
		`{"a":1,}`:     `'}' at byte 7, where a key should be`,
		`[1 2]`:        `'2' at byte 3, where ',' or ']' should be`,
		`[}`:           `'}' at byte 1, where a value should be`,
		`"a`:           ErrCut.Error(),
		`{"a":"\q"}`:   `'q' at byte 7, where one of "\/bfnrtu should be`,
		"\"\x01\"":     `'\x01' at byte 1, where a character or an escape should be`,
		`nulx`:         `'x' at byte 3, where null should be`,
		`{null:1}`:     `null at byte 1, where a key should be`,
		`{"a":"\u00g`:  `'g' at byte 10, where a hexadecimal digit should be`,
		`-`:            ErrCut.Error(),
		`-x`:           `'x' at byte 1, where a digit should be`,
		`{"a":tru`:     ErrCut.Error(),
		`{"a":[1,2}`:   `'}' at byte 9, where ',' or ']' should be`,
		`{"a":1.e4}`:   `'e' at byte 7, where a digit should be`,
		`{"a":"b" "c"`: `'"' at byte 9, where ',' or '}' should be`,
	} {
		c := Cursor{Data: []byte(text)}
		_, err := c.Value()
		require.EqualError(t, err, want, text)
	}
}
