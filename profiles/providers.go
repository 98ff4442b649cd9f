package profiles

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/invoked"
)

// A Provider is an issuer of credentials that nobody else knows: what apikey's
// Provider is, as a file has it.
type Provider struct {
	Name     string   // what a credential's provider says
	Title    string   // as people write it
	Doc      string   // what its credentials are
	URL      string   // where to get one
	Patterns []string // its formats, such as acme_<32 letters or digits>
}

const (
	groupWant   = "the name of a group of credentials of which the server needs one, the same in each of them"
	patternWant = "a credential's format: fixed text and <32 letters or digits>; never a credential itself"
)

// providers reads a list of them.
func (r *reader) providers(n *yaml.Node, path string) []Provider {
	var list []Provider
	r.list(n, path, "a list of mappings with name, title, doc, url, patterns", func(n *yaml.Node, path string) {
		var p Provider
		r.mapping(n, path, true, []field{
			{"name", func(n *yaml.Node, path string) {
				text, ok := r.text(n, path, providerWant)
				switch {
				case !ok:
				case !providerForm.MatchString(text):
					r.fault(n, path, "is no provider's name", providerWant)
				case slices.ContainsFunc(list, func(p Provider) bool { return p.Name == text }):
					r.fault(n, path, "is the name of an earlier one", "a name of its own")
				default:
					p.Name = text
				}
			}},
			{"title", r.into(&p.Title, "a name")},
			{"doc", r.into(&p.Doc, "a few words")},
			{"url", r.into(&p.URL, "where to get one")},
			{"patterns", r.texts(&p.Patterns, patternWant)},
		})
		if p.Name == "" && !r.given(path+".name") {
			r.fault(n, path+".name", "is missing", providerWant)
		}
		if len(p.Patterns) == 0 && !r.given(path+".patterns") {
			r.fault(n, path+".patterns", "is missing", patternWant)
		}
		list = append(list, p)
	})
	return list
}

// ReadProviders reads a file of nothing but providers.
func ReadProviders(name string) ([]Provider, error) {
	data, err := invoked.File(name, maxFile)
	if err != nil {
		return nil, err
	}
	r := &reader{file: name, at: map[string]*yaml.Node{}}
	var list []Provider
	if root := r.document(data, "list of providers", "a list of providers"); root != nil {
		r.mapping(root, "", true, []field{{"providers",
			func(n *yaml.Node, path string) { list = r.providers(n, path) }}})
	}
	if faults := r.report(); len(faults) > 0 {
		return nil, faults
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no providers: in it", name)
	}
	return list, nil
}

func providersNode(list []Provider) *yaml.Node {
	if len(list) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, p := range list {
		n.Content = append(n.Content, node{}.text("name", p.Name).text("title", p.Title).text("doc", p.Doc).text("url",
			p.URL).texts("patterns", p.Patterns, false).mapping())
	}
	return n
}
