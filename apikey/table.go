package apikey

import (
	"cmp"
	"slices"
	"strings"
)

// When the formats were read: those of the first five families, of the next hundred, and the others.
const (
	readFirst = "2026-11-25"
	readLater = "2026-11-28"
	readLast  = "2026-11-29"
)

// Where formats were read. Providers seldom publish them; secret scanners are
// tested against many real ones.
const (
	gitleaks      = "github.com/gitleaks/gitleaks cmd/generate/config/rules"
	trufflehog    = "github.com/trufflesecurity/trufflehog pull 4689"
	kingfisher    = "github.com/mongodb/kingfisher pull 180"
	kingfisherNow = "github.com/mongodb/kingfisher data/rules"
	newer         = "guess at formats to come: the provider's prefix, and enough characters"
	ours          = "this package's rule"
)

// truffles is a detector of TruffleHog.
func truffles(name string) string {
	return "github.com/trufflesecurity/trufflehog pkg/detectors/" + name
}

// inCode says that no provider and no large scanner publishes a format: it is
// what public programs that take such keys look for. Lengths are loose there.
func inCode(name string) string { return "patterns for " + name + " in public code" }

// lately dates the formats of providers that were added last.
func lately(list []*provider) []*provider {
	for _, p := range list {
		for _, f := range p.formats {
			f.read = readLast
		}
	}
	return list
}

// looser is whatever else a provider may issue that fixes no length, and no beginning.
func looser() *format {
	return form("key of another build", newer, between(16, 512, base64ish)).as(plausible)
}

func text(s string) part                  { return part{text: s} }
func exactly(n int, c *class) part        { return part{class: c, min: n, max: n} }
func between(min, max int, c *class) part { return part{class: c, min: min, max: max} }

// about is what is usually so long, where nobody promises it.
func about(usual, min, max int, c *class) part {
	return part{class: c, min: min, max: max, usual: usual}
}

// uuid is the parts of one.
func uuid() []part {
	return []part{exactly(8, hexes), text("-"), exactly(4, hexes), text("-"), exactly(4, hexes), text("-"),
		exactly(4, hexes), text("-"), exactly(12, hexes)}
}

// threeParts are those of a JSON web token.
func threeParts() []part {
	return []part{text("eyJ"), about(33, 12, 1000, urlSafes), text(".eyJ"), about(80, 7, 8000, urlSafes), text("."),
		about(43, 10, 1000, urlSafes)}
}

// longest is the most bytes that a value may have. Nobody issues longer ones,
// and whoever reads a file into a variable by mistake learns so at once.
const longest = 16 << 10

// catalogue is every provider. It is built once, and nothing that a caller gets
// leads back into it.
var catalogue = slices.Concat(issued, plain)

// issued are the providers with formats.
var issued = prepared(slices.Concat(models, finders, builders, clouds, workers, furtherModels, stores,
	hosts, offices, []*provider{generic}))

var generic = &provider{name: "generic", expect: "32 or more letters, digits, _ or -", title: "generic", open: true,
	doc: "any token of 32 or more letters, digits, _ or -, unless trivial; a known family's key whatever its length",
	formats: []*format{
		form("token", ours, between(32, longest, urlSafes)).unsought(),
		form("token with signs", ours, between(32, longest, base64ish)).as(plausible).unsought(),
	}}

// prepared fills in what follows from the formats.
func prepared(list []*provider) []*provider {
	for _, p := range list {
		p.secret = true
		p.doc = cmp.Or(p.doc, "credentials of "+p.title)
		p.expect = cmp.Or(p.expect, p.inWords())
	}
	return list
}

// inWords is the formats that a provider issues today, two at most.
func (p *provider) inWords() string {
	var list []string
	for _, f := range p.formats {
		if said := f.inWords(); f.role == current && len(list) < 2 && !slices.Contains(list, said) {
			list = append(list, said)
		}
	}
	return strings.Join(list, ", or ")
}

// inWords is describe as a sentence has it.
func (f *format) inWords() string {
	var words []string
	for part := range strings.FieldsFuncSeq(f.describe(), func(c rune) bool { return c == '<' || c == '>' }) {
		words = append(words, part)
	}
	if len(words) > 4 {
		return f.describe()
	}
	return strings.Join(words, " and ")
}

// An entry is one format of one provider.
type entry struct {
	p *provider
	f *format
}

// byFirst are the formats with a prefix of more than two bytes, and not only a
// guess, by their first byte: what a value is of another provider's is looked up
// there.
var byFirst = indexed(issued)

func indexed(list []*provider) (index [256][]entry) {
	for _, p := range list {
		for _, f := range p.formats {
			if prefix := f.prefix(); len(prefix) > 2 && f.role != plausible && !p.open && !f.shared &&
				!(f.hidden && prefix == "eyJ") {
				index[prefix[0]] = append(index[prefix[0]], entry{p, f})
			}
		}
	}
	return index
}

// plain are the kinds of value that no single provider issues.
var plain = []*provider{
	{name: "jwt", title: "JSON web", doc: "a JSON web token: a header and a payload that are JSON objects, and a " +
		"signature", open: true, secret: true, check: checkJWT, make: makeJWT, expect: "three parts of base64url " +
		"with dots between them"},
	{name: "pem", title: "PEM", doc: "a private key in PEM", open: true, secret: true, opaque: true, check: checkPEM,
		make: makePEM, expect: "a block from -----BEGIN … PRIVATE KEY----- to its END"},
	{name: "google-service-account", title: "Google service account", doc: "the JSON of a service account's key",
		open: true, secret: true, opaque: true, get: "console.cloud.google.com/iam-admin/serviceaccounts",
		check: checkServiceAccount, make: makeServiceAccount,
		expect: `a JSON object of type "service_account" with client_email and private_key`},
	{name: "database-url", title: "database", doc: "the address of a database, with its user and password", open: true,
		secret: true, opaque: true, check: checkDatabaseURL, make: makeDatabaseURL,
		expect: "scheme://user:password@host/name, such as postgres://"},
	{name: "basic-auth-url", title: "web", doc: "a web address with a user and a password in it", open: true,
		secret: true, opaque: true, check: checkBasicURL, make: makeBasicURL,
		expect: "https://user:password@host/path"},
	{name: "azure-connection", title: "Azure connection",
		doc: "a connection string of Azure: Name=value pairs with a key among them", open: true, secret: true,
		opaque: true, get: "portal.azure.com",
		check: checkConnection, make: makeConnection,
		expect: "Name=value pairs with AccountKey= or SharedAccessKey= among them"},
	{name: "jwt-secret", title: "JWT secret", doc: "a secret that signs JWTs: 32 or more bytes, unless trivial",
		open: true, secret: true, opaque: true, check: checkJWTSecret,
		expect: "32 or more bytes that nobody can guess (RFC 7518, section 3.2)"},
	{name: "password", title: "password", doc: "a password of 12 or more characters, unless trivial", open: true,
		secret: true, opaque: true, check: checkPassword, expect: "12 or more characters, not a common word"},
	{name: "username", title: "user name", doc: "a name to log in with: no white space or control characters around " +
		"or in it", open: true, check: checkUsername, expect: "a name without control characters"},
	{name: "host", title: "host", doc: "a host name or IP address, without scheme, port or path", open: true,
		check: checkHost, expect: "a host name or IP address, without scheme, port or path"},
	{name: "port", title: "port", doc: "a TCP port", open: true, check: checkPort, expect: "a number from 1 to 65535"},
}
