package profiles

import (
	"maps"
	"slices"
	"strings"
)

// A press turns drafts into profiles. The drafts of one name lie one above
// the other, a folder a layer; the top one is the one that counts.
type press struct {
	drafts []*draft // in the order that they were read
	byName map[string][]*draft
	path   []*draft // those being resolved, each the parent of the one before
}

func newPress() *press { return &press{byName: map[string][]*draft{}} }

// add takes a file in. Two files of one folder must not have one name; a file
// of a later folder overrides.
func (p *press) add(d *draft) {
	p.drafts = append(p.drafts, d)
	if d.name == "" {
		return // unfit, and noted
	}
	below := p.byName[d.name]
	if len(below) > 0 && below[len(below)-1].layer == d.layer {
		d.reader.fault(child(d.doc, "name"), "name",
			quote(d.name)+" is also the name in "+below[len(below)-1].reader.file, "a name of its own")
		return
	}
	p.byName[d.name] = append(below, d)
}

// resolve reads a draft's document onto its parent's values.
func (p *press) resolve(d *draft) {
	if d.state != unresolved || d.doc == nil {
		return
	}
	d.state = resolving
	p.path = append(p.path, d)
	d.profile = blank()
	orphan := false
	if d.inherits != "" {
		parent, ok := p.parent(d)
		if ok && parent.state == resolving {
			p.loop(parent)
			ok = false
		}
		if ok {
			p.resolve(parent)
		}
		if orphan = !ok || parent.state != done || parent.broken(); !orphan {
			d.inherit(parent.raw)
		}
	}
	d.profile.Name, d.profile.Source = d.name, d.source
	d.reader.profile(d.doc, &d.profile)
	d.reader.stated = d.profile.Limit
	d.profile.settlePromise(d.reader.given("promise"), d.reader.given("limit"))
	if d.reader.given("promise") {
		d.profile.Promised = d.reader.promisedIn()
	}
	d.raw = d.profile.Clone()
	d.profile.Launch.place()
	d.profile.Limit.Presume(d.profile.Call.Method)
	d.reader.check(&d.profile, orphan || d.reader.faulty("inherits"))
	p.path = p.path[:len(p.path)-1]
	d.state = done
}

// inherit takes the parent's values over.
func (d *draft) inherit(parent Profile) {
	d.profile = parent.Clone()
	d.profile.Parent = parent.Name
	if d.profile.Limit.Inherited == "" {
		d.profile.Limit.Inherited = parent.Name
	}
}

// parent finds the draft that a draft inherits from: the one that counts, or,
// for a draft that inherits from its own name, the one that it overrides.
func (p *press) parent(d *draft) (*draft, bool) {
	layers := p.byName[d.inherits]
	if d.inherits == d.name {
		below := slices.IndexFunc(layers, func(o *draft) bool { return o.layer >= d.layer })
		if below >= 0 {
			layers = layers[:below]
		}
		if len(layers) == 0 {
			d.reader.fault(child(d.doc, "inherits"), "inherits",
				"is a loop: "+d.name+" -> "+d.name, "another profile, or one of this name in an earlier folder")
			return nil, false
		}
	}
	if len(layers) == 0 {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(p.byName)), func(name string) bool { return name == d.name })
		d.reader.fault(child(d.doc, "inherits"), "inherits",
			"no profile is named "+quote(d.inherits)+DidYouMean(d.inherits, names), "one of "+strings.Join(names, ", "))
		return nil, false
	}
	return layers[len(layers)-1], true
}

// loop notes the loop that begins and ends with a draft, in the file of it
// that was read last: the one that closed it.
func (p *press) loop(start *draft) {
	members := p.path[slices.Index(p.path, start):]
	last := 0
	for i, d := range members {
		if slices.Index(p.drafts, d) > slices.Index(p.drafts, members[last]) {
			last = i
		}
	}
	names := make([]string, 0, len(members)+1)
	for i := range members {
		names = append(names, members[(last+i)%len(members)].name)
	}
	closer := members[last]
	closer.reader.fault(child(closer.doc, "inherits"), "inherits",
		"is a loop: "+strings.Join(append(names, closer.name), " -> "), "another profile")
}

// broken reports if a draft has faults, so that what it would hand on is not
// what was meant.
func (d *draft) broken() bool {
	return slices.ContainsFunc(d.reader.faults, func(f Fault) bool { return !f.Warning })
}
