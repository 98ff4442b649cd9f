package startup

// The names of the cases.
const (
	Good        = "good"
	Absent      = "absent"
	Empty       = "empty"
	Blank       = "blank"
	Placeholder = "placeholder"
	WrongFamily = "wrong-family"
	TooShort    = "too-short"
	Malformed   = "malformed"
	Newline     = "trailing-newline"
	OldFormat   = "old-format"
	NewFormat   = "new-format"
)

// A Case is one way to set a credential.
type Case struct {
	Name   string
	Doc    string      // what the variable holds, in one sentence
	Expect Expectation // of a credential that is required
	Random bool        // its value is made up, and secret
	// What is worth knowing where policy may go either way and the server
	// starts, or refuses. Empty: nothing.
	IfServes, IfRefuses string
}

// Cases returns the catalogue, in the order in which they are tried. The good
// one comes first, and once more at the end.
func Cases() []Case {
	return []Case{
		{Name: Good, Doc: "a well-formed value of today's format, made up", Expect: Serve, Random: true},
		{Name: Absent, Doc: "nothing: the variable isn't set", Expect: Refuse},
		{Name: Empty, Doc: "the empty text", Expect: Refuse},
		{Name: Blank, Doc: "spaces", Expect: Refuse},
		{Name: Placeholder, Doc: "what a template says, such as your-api-key-here", Expect: Refuse},
		{Name: WrongFamily, Doc: "a well-formed value of another provider", Expect: Refuse, Random: true},
		{Name: TooShort, Doc: "the first part of a good value", Expect: Refuse, Random: true},
		{Name: Malformed, Doc: "a good value with a character in it that none has", Expect: Refuse, Random: true},
		{Name: Newline, Doc: "a good value and a line end, as a file gives it", Random: true,
			IfServes: "it starts with a value that ends in a newline: see that it strips it, since HTTP headers " +
				"can't carry one"},
		{Name: OldFormat, Doc: "a well-formed value of a format that the provider used to issue", Random: true,
			IfRefuses: "it refuses a format that the provider used to issue; such keys may still be in use"},
		{Name: NewFormat, Doc: "a value of another format that the provider issues, or may issue tomorrow",
			Random: true,
			IfRefuses: "it refuses another format that the provider issues, or a plausible newer one: formats drift, " +
				"and a user with such a key can't start it"},
	}
}

// CaseNamed returns the case of that name.
func CaseNamed(name string) (Case, bool) {
	for _, c := range Cases() {
		if c.Name == name {
			return c, true
		}
	}
	return Case{}, false
}
