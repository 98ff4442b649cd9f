package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// oddForms are messages of which programs read different things, or that none need read: a
// limiter may see another one than the server behind it.
func oddForms() []trickForm {
	body := func(name string, write func(body []byte) []byte) trickForm {
		return trickForm{name, func(int) Guise { return Guise{Body: write} }}
	}
	twice := func(name, of, other string, before bool) trickForm {
		return trickForm{name, func(int) Guise {
			return Guise{Carried: true, Body: func(body []byte) []byte { return doubled(body, of, other, before) }}
		}}
	}
	return []trickForm{
		twice("message with another method before its own", "method", "ping", true),
		twice("message with another method behind its own", "method", "ping", false),
		twice("message with another tool before its own", "name", unknownTool, true),
		twice("message with another tool behind its own", "name", unknownTool, false),
		{"another case of the method", func(int) Guise { return Guise{Cased: true, Body: shouted} }},
		{"members in capitals", func(int) Guise { return Guise{Cased: true, Body: capitals} }},
		body("message with members that nobody knows", func(body []byte) []byte {
			return withMember(body, `"mcpload":1,"timeout":1`)
		}),
		body("parameters with members that nobody knows", func(body []byte) []byte {
			return changed(body, func(m map[string]json.RawMessage) {
				m["params"] = withMember(m["params"], `"mcpload":1,"cursor":"1"`)
			})
		}),
		body("message without its JSON-RPC version", func(body []byte) []byte {
			return changed(body, func(m map[string]json.RawMessage) { delete(m, "jsonrpc") })
		}),
		body("message after a byte order mark", func(body []byte) []byte {
			return append([]byte("\ufeff"), body...)
		}),
		body("message that is cut short", func(body []byte) []byte { return body[:len(body)-1] }),
		body("message without empty arguments", func(body []byte) []byte {
			return bytes.Replace(body, []byte(`,"arguments":{}`), nil, 1)
		}),
	}
}

// shouted is a message whose method is in another case.
func shouted(body []byte) []byte {
	return changed(body, func(m map[string]json.RawMessage) {
		m["method"] = []byte(swapped(string(m["method"])))
	})
}

// capitals is a message whose members are in capitals, as far as they say what is asked for: some
// languages' decoders take them, and who looks for a text doesn't find it.
func capitals(body []byte) []byte {
	up := func(m map[string]json.RawMessage, names ...string) {
		for _, name := range names {
			if value, there := m[name]; there {
				delete(m, name)
				m[strings.ToUpper(name)] = value
			}
		}
	}
	return changed(body, func(m map[string]json.RawMessage) {
		m["params"] = changed(m["params"], func(p map[string]json.RawMessage) { up(p, "name", "arguments") })
		up(m, "method", "params")
	})
}

// changed is a JSON object after a change of its members.
func changed(object []byte, change func(m map[string]json.RawMessage)) []byte {
	var m map[string]json.RawMessage
	if json.Unmarshal(object, &m) != nil || m == nil {
		return object
	}
	change(m)
	text, err := json.Marshal(m)
	if err != nil {
		return object
	}
	return text
}

// doubled is a message whose method, or whose tool's name, stands twice: once as it is, and
// once as another.
func doubled(body []byte, of, other string, before bool) []byte {
	var m, params map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil || of == "name" && json.Unmarshal(m["params"], &params) != nil {
		return body
	}
	object := m
	if of == "name" {
		object = params
	}
	own := fmt.Sprintf(`"%s":%s`, of, object[of])
	pair := own + fmt.Sprintf(`,"%s":"%s"`, of, other)
	if before {
		pair = fmt.Sprintf(`"%s":"%s",`, of, other) + own
	}
	text := []byte("{" + pair)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if name != of {
			text = fmt.Appendf(text, `,"%s":%s`, name, object[name])
		}
	}
	text = append(text, '}')
	if of == "method" {
		return text
	}
	// Marshal would write the member once.
	const place = `"params":null`
	whole := changed(body, func(m map[string]json.RawMessage) { m["params"] = json.RawMessage("null") })
	return bytes.Replace(whole, []byte(place), slices.Concat([]byte(`"params":`), text), 1)
}
