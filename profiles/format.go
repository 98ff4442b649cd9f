package profiles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// Format returns a profile as a file that Load accepts. What the profile
// inherited is written out, so that the file stands alone: read back, it is
// the same profile but for Source, Parent and Limit.Inherited.
//
// It fails where the arguments of the load call are no JSON object, which
// those of a loaded profile always are.
func Format(p Profile) ([]byte, error) {
	arguments, err := fromJSON(p.Call.Arguments)
	if err != nil {
		return nil, fmt.Errorf("arguments of %s: %w", quote(p.Call.Tool), err)
	}
	method := p.Call.Method
	if p.Call.Unsaid {
		method = "" // a file that names one says that it is the one to load with
	}
	call := node{}.text("method", method).text("tool", p.Call.Tool)
	call = call.with("arguments", arguments).texts("never", p.Call.Never, false)
	doc := node{}.text("name", p.Name).text("doc", p.Doc).text("pattern", p.Pattern).
		with("limit", limitNode(p)).
		with("promise", promiseNode(p.Promise)).
		with("observed", observedNode(p.Observed)).
		with("launch", launchNode(p.Launch)).
		with("credentials", credentialsNode(p.Credentials)).
		with("providers", providersNode(p.Providers)).
		with("call", call.mapping()).
		with("refusal", node{}.numbers("codes", p.Refusal.Codes).numbers("statuses", p.Refusal.Statuses).
			with("text", word(p.Refusal.Text)).text("plain", p.Refusal.Plain).flag("resets", p.Refusal.Resets).
			with("not", notNode(p.Refusal.Not)).shape(p.Refusal.Shape).mapping())
	data, err := yaml.Dump(doc.mapping())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote(p.Name), err)
	}
	return data, nil
}

func limitNode(p Profile) *yaml.Node {
	l, n := p.Limit, node{}
	if len(p.Promise) > 0 {
		return nil // the promise says it
	}
	if l.Tier != "" {
		n = n.text("tier", l.Tier)
	} else {
		n = n.text("rate", promise.FormatRate(l.Rate)).number("burst", l.Burst)
	}
	n = n.text("scope", string(l.Scope)).text("key", string(l.Key))
	if !l.Presumed {
		n = n.texts("charges", l.Charges, true)
	}
	return n.texts("may_charge", l.MayCharge, false).texts("free", l.Free, false).mapping()
}

// shape adds what is promised of refusals.
func (n node) shape(s RefusalShape) node {
	if s.Status != 0 {
		n = n.number("status", s.Status)
	}
	if s.Code != 0 {
		n = n.number("code", s.Code)
	}
	return n.text("retry_after", s.RetryAfter).text("headers", s.Headers)
}

// promiseNode is a list of laws, each as people write it.
func promiseNode(p promise.Promise) *yaml.Node {
	if len(p) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, l := range p {
		n.Content = append(n.Content, word(l.String()))
	}
	return n
}

func notNode(r NotRefusal) *yaml.Node {
	n := node{}
	if len(r.Codes) > 0 {
		n = n.numbers("codes", r.Codes)
	}
	if len(r.Statuses) > 0 {
		n = n.numbers("statuses", r.Statuses)
	}
	return n.text("text", r.Text).mapping()
}

func observedNode(o *Observed) *yaml.Node {
	if o == nil {
		return nil
	}
	if o.Promise != nil {
		return node{}.with("promise", promiseNode(o.Promise)).text("source", o.Source).text("note", o.Note).mapping()
	}
	n := node{}.with("rate", plain("!!int", "0"))
	if o.Rate != 0 {
		n = node{}.text("rate", promise.FormatRate(o.Rate)).number("burst", o.Burst)
	}
	return n.text("scope", string(o.Scope)).text("source", o.Source).text("note", o.Note).mapping()
}

func launchNode(l Launch) *yaml.Node {
	n := node{}.with("install", installNode(l.Install)).texts("command", l.Command, false).texts("env", l.Env, false).
		texts("logs", l.Logs, false).text("transport", l.Transport).text("host", l.Host)
	if l.Port != 0 {
		n = n.number("port", l.Port)
	}
	n = n.text("path", l.Path)
	if l.Ready != 0 && l.Ready != defaultReady {
		n = n.text("ready", l.Ready.Round(time.Nanosecond).String())
	}
	return n.text("note", l.Note).mapping()
}

func installNode(i *Install) *yaml.Node {
	if i == nil {
		return nil
	}
	return node{}.text("python", i.Python).texts("packages", i.Packages, false).texts("npm", i.NPM, false).mapping()
}

func credentialsNode(list []Credential) *yaml.Node {
	if len(list) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range list {
		one := node{}.text("env", c.Env).text("provider", c.Provider)
		one = one.text("one_of", c.OneOf)
		if c.Required && c.OneOf == "" {
			one = one.with("required", plain("!!bool", "true"))
		}
		n.Content = append(n.Content, one.mapping())
	}
	return n
}

// A node is a mapping that grows: names and values by turns. What is empty is
// left out.
type node []*yaml.Node

func (n node) mapping() *yaml.Node {
	if len(n) == 0 {
		return nil
	}
	return &yaml.Node{Kind: yaml.MappingNode, Content: n}
}

func (n node) with(name string, value *yaml.Node) node {
	if value == nil {
		return n
	}
	return append(n, word(name), value)
}

func (n node) text(name, s string) node {
	if s == "" {
		return n
	}
	return n.with(name, word(s))
}

func (n node) flag(name string, set bool) node {
	if !set {
		return n
	}
	return n.with(name, plain("!!bool", "true"))
}

func (n node) number(name string, i int) node {
	return n.with(name, plain("!!int", strconv.Itoa(i)))
}

func (n node) texts(name string, list []string, empty bool) node {
	if len(list) == 0 && !empty {
		return n
	}
	l := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range list {
		l.Content = append(l.Content, word(s))
	}
	return n.with(name, l)
}

func (n node) numbers(name string, list []int) node {
	l := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, i := range list {
		l.Content = append(l.Content, plain("!!int", strconv.Itoa(i)))
	}
	return n.with(name, l)
}

func plain(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// word is a text. The tag makes the writer quote what would be read as
// something else.
func word(s string) *yaml.Node { return plain("!!str", s) }

// fromJSON returns a JSON object as YAML, with its keys in their order.
func fromJSON(raw json.RawMessage) (*yaml.Node, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if !json.Valid(raw) || bytes.TrimSpace(raw)[0] != '{' {
		return nil, fmt.Errorf("%s is no JSON object", quote(string(raw)))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return jsonNode(d)
}

// jsonNode reads the next value.
func jsonNode(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() {
			c, err := jsonNode(d) // of an object, its keys and values by turns
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		_, err := d.Token() // the closing bracket
		return n, err
	case string:
		return word(v), nil
	case json.Number:
		return jsonNumber(v)
	case bool:
		return plain("!!bool", strconv.FormatBool(v)), nil
	}
	return plain("!!null", "null"), nil
}

// jsonNumber writes a number in a form that YAML reads as one too: it wants a
// point before an exponent.
func jsonNumber(v json.Number) (*yaml.Node, error) {
	if i, err := v.Int64(); err == nil {
		return plain("!!int", strconv.FormatInt(i, 10)), nil
	}
	f, err := v.Float64()
	if err != nil {
		return nil, err
	}
	return plain("!!float", strconv.FormatFloat(f, 'f', -1, 64)), nil
}
