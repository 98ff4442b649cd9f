package apikey

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// A Credential is one value that a server needs.
type Credential struct {
	Field    string // the server's own name for it, for messages; may be empty
	Env      string // the environment variable
	Provider string // a name that Lookup knows, or the ID of one of the Spec's Providers
	Optional bool   // may be missing or blank; where it is set, it must be right
}

// A Spec is all that a server needs.
type Spec struct {
	Credentials []Credential
	Providers   []Provider // of your own, by their IDs
	OneOf       [][]string // variables of which at least one must be set, in each group; they are Optional
	Together    [][]string // variables that are set all or not at all, such as a user and a password; they are Optional
	Strict      bool       // refuse what Unrecognised is said of, too

	// look at the variables only: neither at NAME_FILE nor at systemd's credentials
	NoFiles  bool
	ReadFile func(string) ([]byte, error) // how files are read; nil: from the disk
}

// A Finding is what is known of one credential, and may be logged: its value is
// masked, unless it is none that must be hidden, such as a port.
type Finding struct {
	Field    string  `json:"field,omitempty"`
	Env      string  `json:"env"`
	Provider string  `json:"provider"`
	Verdict  Verdict `json:"verdict"`
	Format   string  `json:"format,omitempty"`
	Masked   string  `json:"masked,omitempty"`
	Warning  string  `json:"warning,omitempty"`
	From     string  `json:"from,omitempty"` // NAME_FILE or CREDENTIALS_DIRECTORY, where the value came from a file
}

// A Report is what Startup found out. It may be printed and logged as it is.
type Report struct {
	findings []Finding
	redactor *Redactor
	secrets  map[string]Secret
}

// Startup checks all of a server's credentials, and returns all faults at once:
// an Errors, or an error that wraps ErrUnknownProvider or ErrPattern where the
// Spec itself is wrong. Lookup is such as os.LookupEnv. The Report is good in
// either case.
//
// The value of NAME may also stand in the file that NAME_FILE names, as Docker and
// Kubernetes have it, or in a file called NAME, or name, among systemd's
// credentials.
func Startup(spec Spec, lookup func(string) (string, bool)) (Report, error) {
	optional, providers, err := spec.validate()
	if err != nil {
		return Report{}, err
	}
	var faults Errors
	report := Report{secrets: map[string]Secret{}}
	var secrets []string
	set := map[string]bool{}
	for i, c := range spec.Credentials {
		p, from := providers[i], spec.source(c.Env, lookup)
		r := p.judge(from)
		if p.Secret() {
			secrets = append(secrets, from.value, strings.TrimSpace(from.value))
		}
		set[c.Env] = set[c.Env] || r.Verdict > Blank
		f := Finding{c.Field, c.Env, p.Name(), r.Verdict, r.Format, "", r.Warning, from.from}
		if r.Verdict > Blank {
			f.Masked = p.maskFound(from.value, r)
		}
		switch {
		case from.fault == "" && r.Verdict <= Blank && optional[c.Env]:
			if r.Verdict == Blank {
				f.Warning = r.Detail + ": taken as not set"
			}
		case !r.OK(spec.Strict):
			faults = append(faults, &Error{Field: c.Field, Env: c.Env, Provider: p.Name(), Expected: p.Expected(),
				Verdict: r.Verdict, Detail: r.Detail, Where: p.Where(), From: from.from})
		case r.Verdict == Unrecognised:
			f.Warning = r.Detail
		}
		if r.OK(spec.Strict) {
			report.secrets[c.Env] = NewSecret(from.value)
		}
		report.findings = append(report.findings, f)
	}
	report.redactor = NewRedactor(secrets...).WithProviders(spec.Providers...)
	faults = append(faults, spec.groups(set)...)
	if len(faults) > 0 {
		return report, faults
	}
	return report, nil
}

// judge is Check for a value and where it came from.
func (p Provider) judge(from sourced) Result {
	switch {
	case from.fault != "":
		verdict := Missing
		if from.set {
			verdict = Malformed
		}
		return Result{Verdict: verdict, Detail: from.fault}
	case !from.set:
		return Result{Verdict: Missing, Detail: "is not set"}
	}
	return p.Check(from.value)
}

// maskFound shows a value only as far as its verdict lets: what isn't what it
// should be may be a secret in the wrong place.
func (p Provider) maskFound(value string, r Result) string {
	if r.Verdict >= Unrecognised {
		return p.Mask(value)
	}
	return hidden
}

// validate finds what is wrong with the Spec itself, and which variables may be
// missing; and each credential's provider.
func (s Spec) validate() (optional map[string]bool, providers []Provider, err error) {
	optional = map[string]bool{}
	known := map[string]bool{}
	for _, p := range s.Providers {
		if _, err := p.Compile(); err != nil {
			return nil, nil, err
		}
	}
	for i, c := range s.Credentials {
		if c.Env == "" {
			return nil, nil, fmt.Errorf("apikey: credential %d names no environment variable", i+1)
		}
		if known[c.Env] {
			return nil, nil, fmt.Errorf("apikey: %s is named twice", c.Env)
		}
		p, err := LookupIn(s.Providers, c.Provider)
		if err != nil {
			return nil, nil, fmt.Errorf("%w (credential %d, %s)", err, i+1, c.Env)
		}
		providers = append(providers, p)
		known[c.Env], optional[c.Env] = true, c.Optional
	}
	for _, group := range slices.Concat(s.OneOf, s.Together) {
		for _, env := range group {
			if !known[env] {
				return nil, nil, fmt.Errorf("apikey: a group names %q, which is no credential's variable", env)
			}
			optional[env] = true
		}
	}
	return optional, providers, nil
}

// groups checks the conditions that bind several variables.
func (s Spec) groups(set map[string]bool) Errors {
	var faults Errors
	for _, group := range s.OneOf {
		if !slices.ContainsFunc(group, func(env string) bool { return set[env] }) {
			faults = append(faults, &Error{Env: strings.Join(group, ", "), Verdict: Missing,
				Detail: "are not set; at least one of them must be"})
		}
	}
	for _, group := range s.Together {
		var absent, present []string
		for _, env := range group {
			if set[env] {
				present = append(present, env)
			} else {
				absent = append(absent, env)
			}
		}
		if len(present) > 0 && len(absent) > 0 {
			faults = append(faults, &Error{Env: strings.Join(absent, ", "), Verdict: Missing,
				Detail: "must be set where " + strings.Join(present, ", ") + " is"})
		}
	}
	return faults
}

// Findings returns what is known of each credential, in the order of the Spec.
func (r Report) Findings() []Finding { return slices.Clone(r.findings) }

// Redactor takes the values of the report's secrets out of texts.
func (r Report) Redactor() *Redactor { return r.redactor }

// Secret returns the value of a variable, where it may be used: a good one. Else
// it is a Secret that isn't set.
func (r Report) Secret(env string) Secret { return r.secrets[env] }

// String is a line for each credential.
func (r Report) String() string {
	var lines []string
	for _, f := range r.findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// String is such as "OPENAI_API_KEY: valid openai project key sk-proj-***abcd".
func (f Finding) String() string {
	s := f.Env + ": " + f.Verdict.String() + " " + f.Provider
	if f.Format != "" && f.Format != f.Provider {
		s += " " + f.Format
	}
	if f.Masked != "" {
		s += " " + f.Masked
	}
	if f.Warning != "" {
		s += " (" + f.Warning + ")"
	}
	return s
}

// MarshalJSON is the findings.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"credentials": r.findings})
}

// LogValue is a group of one attribute a credential.
func (r Report) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, f := range r.findings {
		attrs = append(attrs, slog.String(f.Env, strings.TrimPrefix(f.String(), f.Env+": ")))
	}
	return slog.GroupValue(attrs...)
}
