package load

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// Label is what single calls of a load belong to. The steps of a sequence
// belong to its name and number, such as "checkout#17".
const Label = "load"

// maxPlan is how long a plan file may be, in bytes.
const maxPlan = 1 << 20

// A Plan is what a load asks for: a weighted mix of calls and sequences.
type Plan struct {
	Entries  []Entry
	Sessions int // how many at a time; 0: the run decides
	Calls    int // calls after which a session ends and another one begins; 0: never
	total    float64
}

// An Entry is one call, or several in a row.
type Entry struct {
	Name   string // of a sequence; empty for a single call
	Weight float64
	Steps  []Step
}

// A Step is one call.
type Step struct {
	Method, Tool string
	Arguments    Template
	Save         []Saved // values for later steps
	Think        Think   // before the next step
}

// A Saved value is taken from a reply's result.
type Saved struct {
	Name string
	Path []string // member names and indexes, such as content, 0, text
}

// A Think is a time between two calls: anything from Min to Max.
type Think struct{ Min, Max time.Duration }

// Single is the plan of one call over and over. Arguments are a JSON object,
// which may hold placeholders; empty for none.
func Single(method, tool string, arguments json.RawMessage) (*Plan, error) {
	t, err := ParseTemplate(arguments, names{})
	if err != nil {
		return nil, err
	}
	return newPlan(Entry{Weight: 1, Steps: []Step{{Method: method, Tool: tool, Arguments: t}}}), nil
}

func newPlan(entries ...Entry) *Plan {
	p := &Plan{Entries: entries}
	for _, e := range entries {
		p.total += e.Weight
	}
	return p
}

// ReadPlan reads a plan file, and the data files beside it that it names, from
// a file system. The error is yamltext.Faults where the file can be read.
func ReadPlan(files fs.FS, file string) (*Plan, error) {
	data, err := readFile(files, file, maxPlan)
	if err != nil {
		return nil, err
	}
	r := &planReader{nodes: nodes{file: file}, files: files, data: map[string]*Data{}}
	if root := r.document(data); root != nil {
		r.plan(root)
	}
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	p := newPlan(r.entries...)
	p.Sessions, p.Calls = r.sessions, r.calls
	return p, nil
}

// readFile is the whole text of a file, of so many bytes at most.
func readFile(files fs.FS, file string, most int64) ([]byte, error) {
	f, err := files.Open(path.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	defer f.Close() // it was only read
	return invoked.Bounded(f, file, most)
}

// A planReader reads a plan.
type planReader struct {
	nodes
	files           fs.FS
	data            map[string]*Data
	entries         []Entry
	sessions, calls int
}

func (r *planReader) plan(root *yaml.Node) {
	// Data comes first, wherever it stands: calls refer to it.
	var mix *yaml.Node
	given := r.mapping(root, "a plan", []field{
		{"data", func(_, v *yaml.Node) { r.pairs(v, "data", r.dataFile) }},
		{"sessions", func(_, v *yaml.Node) {
			r.mapping(v, "sessions", []field{
				{"count", func(_, v *yaml.Node) { r.sessions = r.whole(v, "count", 1, 1_000_000) }},
				{"calls", func(_, v *yaml.Node) { r.calls = r.whole(v, "calls", 1, math.MaxInt32) }},
			})
		}},
		{"mix", func(_, v *yaml.Node) { mix = v }},
	})
	switch {
	case mix != nil:
		r.list(mix, "mix", r.entry)
	case given != nil && len(r.faults) == 0:
		r.fault(root, "it has no mix: what is to be called?")
	}
}

func (r *planReader) dataFile(key, value *yaml.Node) {
	if !nameForm.MatchString(key.Value) || known[key.Value] {
		r.fault(key, "%q is no name for data: letters, digits and _, and no word that placeholders know", key.Value)
		return
	}
	name := r.text(value, "a data file")
	if name == "" {
		return
	}
	d, err := readData(r.files, path.Join(path.Dir(r.file), name))
	if err != nil {
		r.fault(value, "%s", err.Error())
		return
	}
	r.data[key.Value] = d
}

func (r *planReader) entry(n *yaml.Node) {
	e := Entry{Weight: 1}
	var single Step
	var args *yaml.Node
	given := r.mapping(n, "an entry of the mix", append(r.callFields(&single, &args), []field{
		{"weight", func(_, v *yaml.Node) { e.Weight = r.number(v, "weight", 1e-6, 1e9) }},
		{"sequence", func(_, v *yaml.Node) {
			if e.Name = r.text(v, "sequence"); strings.Contains(e.Name, "#") {
				r.fault(v, "a sequence's name has no #")
			}
		}},
		{"steps", func(_, v *yaml.Node) { e.Steps = r.steps(v) }},
	}...))
	switch {
	case given["steps"] != nil:
		for _, name := range []string{"call", "method", "args"} {
			if given[name] != nil {
				r.fault(given[name], "%s belongs into the steps of the sequence", name)
			}
		}
		if e.Name == "" {
			e.Name = "sequence-" + strconv.Itoa(len(r.entries)+1)
		}
		if slices.ContainsFunc(r.entries, func(o Entry) bool { return o.Name == e.Name }) {
			r.fault(n, "two sequences are named %q", e.Name)
		}
	case given["sequence"] != nil:
		r.fault(given["sequence"], "a sequence needs steps")
	default:
		r.finish(n, &single, given, args, names{data: r.data})
		e.Steps = []Step{single}
	}
	r.entries = append(r.entries, e)
}

// callFields are what a call and a step have in common.
func (r *planReader) callFields(s *Step, args **yaml.Node) []field {
	return []field{
		{"call", func(_, v *yaml.Node) { s.Tool = r.text(v, "call") }},
		{"method", func(_, v *yaml.Node) { s.Method = r.text(v, "method") }},
		{"args", func(_, v *yaml.Node) { *args = v }},
	}
}

// finish checks a call whose fields were read.
func (r *planReader) finish(n *yaml.Node, s *Step, given map[string]*yaml.Node, args *yaml.Node, known names) {
	named := given["call"] != nil || given["method"] != nil
	switch {
	case s.Tool != "" && s.Method != "" && s.Method != "tools/call":
		r.fault(n, "has a call and a method: a call is a tool's, and its method is tools/call")
	case s.Tool != "":
		s.Method = "tools/call"
	case s.Method == "" && !named:
		r.fault(n, "names neither a tool to call nor a method")
	}
	if args != nil {
		s.Arguments = r.arguments(args, known)
	}
}

func (r *planReader) steps(n *yaml.Node) []Step {
	var list []Step
	known := names{data: r.data}
	r.list(n, "steps", func(n *yaml.Node) {
		var s Step
		var args *yaml.Node
		var saved []string
		given := r.mapping(n, "a step", append(r.callFields(&s, &args), []field{
			{"think", func(_, v *yaml.Node) { s.Think = r.pause(v) }},
			{"save", func(_, v *yaml.Node) {
				r.pairs(v, "save", func(key, value *yaml.Node) {
					if !nameForm.MatchString(key.Value) {
						r.fault(key, "%q is no name for a value: letters, digits and _", key.Value)
						return
					}
					saved = append(saved, key.Value)
					s.Save = append(s.Save, Saved{key.Value, strings.Split(r.text(value, "where a value stands"), ".")})
				})
			}},
		}...))
		r.finish(n, &s, given, args, known)
		known.saved = append(known.saved, saved...)
		list = append(list, s)
	})
	return list
}

// Tools lists every tool, and every method that is no tool, once.
func (p *Plan) Tools() []string {
	var list []string
	for _, e := range p.Entries {
		for _, s := range e.Steps {
			name := s.Tool
			if name == "" {
				name = s.Method
			}
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// Arrivals are the plan's requests, one a due instant: of a sequence the first
// step. Each is sent as the next of the clients. It is as repeatable as the
// instants are: what is asked depends on the seed and the request's number
// alone.
func (p *Plan) Arrivals(dues iter.Seq[time.Duration], clients []string, seed uint64) iter.Seq[history.Arrival] {
	return p.Share(dues, Split{Clients: clients}, seed)
}

// A Split says whose calls of a plan are to be sent. Call n is that of session n
// modulo Sessions, and belongs to the part that the session belongs to: a session is
// one machine's, so that every nth call goes to the same of n machines, those of a
// burst too.
type Split struct {
	Part     shard.Part
	Sessions int      // of all parts together, at least one each; without a part as many as there are clients
	Clients  []string // of this part's sessions, as many as belong to it; fewer where some could not be opened
}

// session is the client that sends call n, and false where another part has it.
func (s *Split) session(n uint64) (string, bool) {
	if s.Part.Whole() {
		return s.Clients[n%uint64(len(s.Clients))], true
	}
	i := int(n % uint64(s.Sessions))
	return s.Clients[s.Part.Own(i)%len(s.Clients)], s.Part.Owns(i)
}

// Share are those of the Arrivals that belong to a part. Each is what it is in the
// whole: its instant, its client, what is asked and its sequence's number. The dues
// are those of all.
func (p *Plan) Share(dues iter.Seq[time.Duration], split Split, seed uint64) iter.Seq[history.Arrival] {
	return func(yield func(history.Arrival) bool) {
		source := rand.NewPCG(0, 0)
		random := rand.New(source)
		n := uint64(0)
		for due := range dues {
			client, own := split.session(n)
			if !own {
				n++
				continue
			}
			source.Seed(seed, n)
			e := p.pick(random)
			a := history.Arrival{Due: due, Client: client, Label: Label}
			if len(e.Steps) > 1 {
				a.Label = e.Name + "#" + strconv.FormatUint(n, 10)
			}
			e.Steps[0].fill(&a, Values{N: n, Seed: seed, Random: random})
			n++
			if !yield(a) {
				return
			}
		}
	}
}

// pick draws an entry by its weight.
func (p *Plan) pick(random *rand.Rand) *Entry {
	if len(p.Entries) == 1 {
		return &p.Entries[0]
	}
	x := random.Float64() * p.total
	for i := range p.Entries {
		if x -= p.Entries[i].Weight; x < 0 {
			return &p.Entries[i]
		}
	}
	return &p.Entries[len(p.Entries)-1]
}

// fill puts the step's call into an arrival.
func (s *Step) fill(a *history.Arrival, v Values) {
	v.Client = a.Client
	a.Method, a.Tool, a.Arguments = s.Method, s.Tool, s.Arguments.Render(v)
}

// Nonces reports if any call of the plan has a nonce in its arguments.
func (p *Plan) Nonces() bool {
	for _, e := range p.Entries {
		for _, s := range e.Steps {
			if s.Arguments.nonce {
				return true
			}
		}
	}
	return false
}
