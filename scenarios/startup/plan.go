package startup

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// A Credential is an environment variable that a server takes a credential
// from, and how values for it are made.
type Credential struct {
	Env      string
	Provider string   // who issues it, by the name of the pattern
	Required bool     // the server must not start without it
	OneOf    string   // the group of which the server must have one, and needs no more; empty: none
	Secret   bool     // its value must not show; false for a host, a port or a user name
	Telling  []string // what a message about it says that tells its format, such as its prefix

	// Variants names the formats of a case that has more than one. Nil: none has.
	Variants func(c string) []string
	// Make makes a value up for a case and one of its variants, another value
	// each time; false where the case makes no sense for the provider.
	Make func(c string, variant int, r *rand.Rand) (string, bool)
}

// peers is how many other values are made of a kind to see what all of them
// share.
const peers = 5

// Plan returns the starts of a server, in order: a good one, each case of each
// credential while the others are good, and a good one again. Every value is
// made up for its one start.
func Plan(list []Credential, r *rand.Rand) []Start {
	good, _ := CaseNamed(Good)
	control := func() Start { return start(good, 0, nil, list, r) }
	starts := []Start{control()}
	for i := range list {
		for _, c := range Cases() {
			if c.Name == Good {
				continue
			}
			if _, ok := list[i].Make(c.Name, 0, r); !ok && c.Name != Absent {
				continue
			}
			starts = append(starts, start(c, 0, &list[i], list, r))
			for n := 1; n < len(list[i].formats(c)); n++ {
				starts = append(starts, start(c, n, &list[i], list, r))
			}
		}
	}
	return append(starts, control())
}

// start makes one start up: the case of one credential, and good values for the
// others.
func start(c Case, variant int, of *Credential, list []Credential, r *rand.Rand) Start {
	s := Start{Case: c, Expect: c.Expect, Set: map[string]string{}}
	if of != nil {
		s.Env, s.Telling = of.Env, of.Telling
		for _, other := range list {
			if of.OneOf != "" && other.OneOf == of.OneOf && other.Env != of.Env {
				s.Others = append(s.Others, other.Env)
			}
		}
		if names := of.formats(c); len(names) > 0 {
			s.Format = names[variant]
		}
		if nothing := c.Name == Absent || c.Name == Empty || c.Name == Blank; nothing && !of.Required {
			s.Expect = Either
		}
	}
	for i := range list {
		one, kind, n := &list[i], Good, 0
		if one.stands(i, of, list) {
			continue
		}
		if of != nil && one.Env == of.Env {
			kind, n = c.Name, variant
		}
		if kind == Absent {
			continue
		}
		value, ok := one.Make(kind, n, r)
		if !ok {
			continue
		}
		s.Set[one.Env] = value
		if of, _ := CaseNamed(kind); one.Secret && of.Random {
			s.Secrets = append(s.Secrets, NewSecret(one.Env, value, others(one, kind, n, r)...))
		}
	}
	return s
}

// stands reports if another of its group is given in a credential's place: the one
// that the case is about, else the first. So a bad one is all that there is.
func (c *Credential) stands(i int, of *Credential, list []Credential) bool {
	if c.OneOf == "" {
		return false
	}
	if of != nil && of.OneOf == c.OneOf {
		return of.Env != c.Env
	}
	return slices.ContainsFunc(list[:i], func(other Credential) bool { return other.OneOf == c.OneOf })
}

// formats names the variants of a case.
func (c *Credential) formats(of Case) []string {
	if c.Variants == nil {
		return nil
	}
	return c.Variants(of.Name)
}

// others are more values of a kind.
func others(c *Credential, kind string, variant int, r *rand.Rand) []string {
	var list []string
	for range peers {
		if value, ok := c.Make(kind, variant, r); ok {
			list = append(list, value)
		}
	}
	return list
}

// Using puts a value of the caller's own in the place of a made-up one in the
// good starts.
func Using(starts []Start, own map[string]string) {
	for i := range starts {
		s := &starts[i]
		if s.Case.Name != Good {
			continue
		}
		s.Set = maps.Clone(s.Set)
		for env, value := range own {
			if _, needed := s.Set[env]; !needed {
				continue
			}
			s.Set[env] = value
			for j, secret := range s.Secrets {
				if secret.Env == env {
					s.Secrets[j] = NewSecret(env, value, secret.value)
				}
			}
		}
	}
}
