package apikey

import "slices"

const read = "2026-11-25"

// Where formats were read. Providers seldom publish them; secret scanners are
// tested against many real ones.
const (
	gitleaks   = "github.com/gitleaks/gitleaks cmd/generate/config/rules"
	trufflehog = "github.com/trufflesecurity/trufflehog pull 4689"
	kingfisher = "github.com/mongodb/kingfisher pull 180"
	newer      = "guess at formats to come: the provider's prefix, and enough characters"
	ours       = "this package's rule"
)

func text(s string) part                  { return part{text: s} }
func exactly(n int, c *class) part        { return part{class: c, min: n, max: n} }
func between(min, max int, c *class) part { return part{class: c, min: min, max: max} }

// longest is the most bytes that a value may have. Nobody issues longer ones,
// and whoever reads a file into a variable by mistake learns so at once.
const longest = 16 << 10

// openAIMark is "OpenAI" in base 64, which stands in the middle of its keys.
const openAIMark = "T3Blbk" + "FJ"

// openAI is the formats of one prefix, by the lengths on either side of the
// mark.
func openAI(name, prefix string, r role, c *class, sides ...int) []*format {
	var list []*format
	for _, left := range sides {
		for _, right := range sides {
			list = append(list, &format{name, r, []part{text(prefix), exactly(left, c), text(openAIMark), exactly(right, c)}, gitleaks + ", " + trufflehog, read, false})
		}
	}
	return list
}

func openAIFormats() []*format {
	var list []*format
	list = append(list, openAI("project key", "sk-proj-", current, urlSafes, 74, 58)...)
	list = append(list, openAI("service account key", "sk-svcacct-", current, urlSafes, 74, 58)...)
	list = append(list, openAI("admin key", "sk-admin-", current, urlSafes, 58, 74)...)
	list = append(list, openAI("early project key", "sk-proj-", old, alnums, 20)...)
	list = append(list, openAI("legacy key", "sk-", old, alnums, 20)...)
	list = append(list,
		&format{"key without a project", old, []part{text("sk-None-"), exactly(48, alnums)}, kingfisher, read, false},
		&format{"key of a newer kind", plausible, []part{text("sk-"), between(40, 300, urlSafes)}, newer, read, false})
	return list
}

func anthropicFormats() []*format {
	body := func(prefix string) []part { return []part{text(prefix), exactly(93, urlSafes), text("AA")} }
	return []*format{
		{"API key", current, body("sk-ant-" + "api03-"), gitleaks, read, false},
		{"admin key", current, body("sk-ant-" + "admin01-"), gitleaks, read, false},
		{"OAuth access token", wrong, []part{text("sk-ant-" + "oat01-"), between(40, 300, urlSafes)}, gitleaks, read, false},
		{"OAuth refresh token", wrong, []part{text("sk-ant-" + "ort01-"), between(40, 300, urlSafes)}, gitleaks, read, false},
		{"key of a newer kind", plausible, []part{text("sk-ant-"), between(60, 300, urlSafes)}, newer, read, false},
	}
}

func geminiFormats() []*format {
	return []*format{
		{"standard key", current, []part{text("AI" + "za"), exactly(35, urlSafes)}, gitleaks, read, false},
		{"auth key", current, []part{text("A" + "Q."), exactly(50, urlSafes)}, "github.com/gethouston/houston pull 1333, github.com/d4rkmen/M5Gemini issue 15", read, false},
		{"auth key of another length", plausible, []part{text("A" + "Q."), between(30, 200, dotted)}, newer, read, false},
		{"auth key of a newer kind", plausible, []part{text("I" + "Q."), between(30, 200, dotted)}, "github.com/NikolaiRadke/AI.duino pull 22", read, false},
	}
}

func mailgunFormats() []*format {
	return []*format{
		{"API key", current, []part{exactly(32, hexes), text("-"), exactly(8, hexes), text("-"), exactly(8, hexes)}, "github.com/caronc/apprise issue 121", read, false},
		{"key- key", old, []part{text("key-"), exactly(32, hexes)}, gitleaks, read, false},
		{"bare key", old, []part{exactly(32, hexes)}, "github.com/caronc/apprise issue 121", read, false},
		{"webhook signing key", wrong, []part{exactly(32, hexesToH), text("-"), exactly(8, hexesToH), text("-"), exactly(8, hexesToH)}, gitleaks, read, false},
		{"public validation key", wrong, []part{text("pubkey-"), exactly(32, hexes)}, gitleaks, read, false},
	}
}

func gitHubFormats() []*format {
	const docs = "docs.github.com about-authentication-to-github"
	short := func(name, prefix string) *format {
		return &format{name, current, []part{text(prefix), exactly(36, alnums)}, gitleaks + ", " + docs, read, true}
	}
	return []*format{
		short("personal access token", "gh"+"p_"),
		{"fine-grained personal access token", current, []part{text("github_" + "pat_"), exactly(22, alnums), text("_"), exactly(59, alnums)}, gitleaks + ", " + docs, read, false},
		short("OAuth token", "gh"+"o_"),
		short("user-to-server token", "gh"+"u_"),
		short("installation token", "gh"+"s_"),
		{"stateless installation token", current, []part{text("gh" + "s_"), between(100, 2000, dotted)}, "github.blog changelog 2026-04-24, by github.com/mongodb/kingfisher issue 359", read, false},
		{"refresh token", current, []part{text("gh" + "r_"), exactly(76, alnums)}, gitleaks, read, false},
		{"short refresh token", old, []part{text("gh" + "r_"), exactly(36, alnums)}, gitleaks, read, true},
		{"token of a newer kind", plausible, []part{text("github_"), between(60, 400, words)}, newer, read, false},
	}
}

// catalogue is every provider. It is built once, and nothing that a caller gets
// leads back into it.
var catalogue = slices.Concat(issued, plain)

// issued are the providers with formats.
var issued = []*provider{
	{name: "openai", title: "OpenAI", doc: "keys of the OpenAI API", formats: openAIFormats(), family: "sk-", expect: "sk-proj- and 124 or more letters, digits, _ or -", secret: true},
	{name: "anthropic", title: "Anthropic", doc: "keys of the Anthropic API; the OAuth tokens of its applications are told apart", formats: anthropicFormats(), family: "sk-ant-", expect: "sk-ant-api03- and 95 letters, digits, _ or -", secret: true},
	{name: "gemini", title: "Gemini", doc: "keys of Google AI Studio", formats: geminiFormats(), expect: "AIza and 35, or AQ. and 50, letters, digits, _ or -", secret: true},
	{name: "mailgun", title: "Mailgun", doc: "private API keys; signing and public keys are told apart where their shape differs", formats: mailgunFormats(), expect: "32 hex digits, or 32-8-8", secret: true},
	{name: "github", title: "GitHub", doc: "tokens of people, applications and installations", formats: gitHubFormats(), expect: "ghp_ and 36 letters or digits, or github_pat_ and 82", secret: true},
	{name: "generic", expect: "32 or more letters, digits, _ or -", title: "generic", doc: "any token of 32 or more letters, digits, _ or -, unless trivial", open: true, secret: true, formats: []*format{
		{"token", current, []part{between(32, longest, urlSafes)}, ours, read, false},
		{"token with signs", plausible, []part{between(32, longest, base64ish)}, ours, read, false},
	}},
}

// plain are the kinds of value that no provider issues.
var plain = []*provider{
	{name: "jwt-secret", title: "JWT secret", doc: "a secret that signs JWTs: 32 or more bytes, unless trivial", open: true, secret: true, opaque: true, check: checkJWTSecret, expect: "32 or more bytes that nobody can guess (RFC 7518, section 3.2)"},
	{name: "password", title: "password", doc: "a password of 12 or more characters, unless trivial", open: true, secret: true, opaque: true, check: checkPassword, expect: "12 or more characters, not a common word"},
	{name: "username", title: "user name", doc: "a name to log in with: no white space or control characters around or in it", open: true, check: checkUsername, expect: "a name without control characters"},
	{name: "host", title: "host", doc: "a host name or IP address, without scheme, port or path", open: true, check: checkHost, expect: "a host name or IP address, without scheme, port or path"},
	{name: "port", title: "port", doc: "a TCP port", open: true, check: checkPort, expect: "a number from 1 to 65535"},
}
