package load

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Extract returns the value at a path in a result: a member's name for each
// object, an index from 0 for each list. A text on the way that is itself JSON
// is looked into, because tools often answer so.
func Extract(result []byte, path []string) (any, bool) {
	at, ok := decoded(result)
	if !ok {
		return nil, false
	}
	for _, name := range path {
		if text, ok := at.(string); ok {
			if at, ok = decoded([]byte(text)); !ok {
				return nil, false
			}
		}
		switch x := at.(type) {
		case map[string]any:
			v, ok := x[name]
			if !ok {
				return nil, false
			}
			at = v
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			at = x[i]
		default:
			return nil, false
		}
	}
	return at, true
}

// decoded reads JSON and keeps its numbers as they are written: an id may have
// more digits than a float64.
func decoded(text []byte) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&value)
	return value, err == nil
}
