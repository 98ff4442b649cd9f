package apikey

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// The credentials that have parts: tokens, blocks, addresses, connection strings.

func bad(detail string) Result { return Result{Verdict: Malformed, Detail: detail} }

func checkJWT(v string) Result {
	if n := strings.Count(v, "."); n != 2 {
		return bad(fmt.Sprintf("has %d parts, not three with dots between them", n+1))
	}
	rest := v
	var room [1024]byte // what most have fits in it
	for _, name := range [...]string{"header", "payload"} {
		part, behind, _ := strings.Cut(rest, ".")
		plain, err := base64.RawURLEncoding.AppendDecode(room[:0], []byte(strings.TrimRight(part, "=")))
		if err != nil || len(plain) < 2 || plain[0] != '{' || !json.Valid(plain) {
			return bad("has a " + name + " that is no JSON object in base64url")
		}
		rest = behind
	}
	r := Result{Verdict: Valid, Format: "token"}
	switch n := stranger(rest, urlSafes); {
	case n >= 0:
		return bad(fmt.Sprintf("has a character at place %d of its signature that is not one of %s", n+1,
			urlSafes.words))
	case rest == "":
		r.Warning = "it is not signed"
	case len(rest) < 43:
		r.Warning = "its signature is shorter than any usual one"
	}
	return r
}

func makeJWT(r *rand.Rand) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode(fmt.Appendf(nil, `{"sub":"%s","iat":%d}`, some(r, 12, alnums), 1700000000+r.IntN(1e8))) + "." +
		some(r, 43, urlSafes)
}

// some makes characters up.
func some(r *rand.Rand, n int, c *class) string {
	return (&format{parts: []part{{}, exactly(n, c)}}).sample(r)
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

func checkPEM(v string) Result {
	r := Result{Verdict: Valid}
	label, rest, ok := strings.Cut(strings.TrimPrefix(v, pemBegin), "-----")
	switch {
	case !strings.HasPrefix(v, pemBegin) || !ok:
		return bad("doesn't begin with -----BEGIN, a name and -----")
	case !strings.HasSuffix(label, "PRIVATE KEY") && !strings.HasSuffix(label, "PRIVATE KEY BLOCK"):
		return Result{WrongFamily, "PEM block", "is a PEM block, but not one of a private key", ""}
	}
	body, _, ok := strings.Cut(rest, pemEnd+label+"-----")
	if !ok {
		return bad("has no END line of the same name: it was cut, or only its first line was read")
	}
	r.Format = "private key"
	if strings.Contains(body, `\n`) {
		r.Warning = `has \n in place of line breaks: see that they are put back`
		body = strings.ReplaceAll(body, `\n`, "\n")
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if i := stranger(line, padded); i >= 0 && !strings.Contains(line, ": ") {
			return bad("has a line in its body that is no base64")
		}
	}
	if len(strings.TrimSpace(body)) < 32 {
		return Result{Placeholder, r.Format, "has nothing between BEGIN and END", ""}
	}
	return r
}

func makePEM(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pemBegin + "PRIVATE KEY-----\n")
	for range 25 {
		b.WriteString(some(r, 64, stdBase64) + "\n")
	}
	return b.String() + some(r, 22, stdBase64) + "==\n" + pemEnd + "PRIVATE KEY-----"
}

func checkServiceAccount(v string) Result {
	if plainAccount(v) {
		return Result{Verdict: Valid, Format: "key"}
	}
	var account struct {
		Type  string `json:"type"`
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}
	if err := json.Unmarshal([]byte(v), &account); err != nil {
		if strings.HasSuffix(v, ".json") {
			return Result{Placeholder, "", "is the name of a file, not what stands in it", ""}
		}
		return bad("is no JSON object")
	}
	switch {
	case account.Type != "service_account":
		return Result{WrongFamily, "", `is JSON, but its type is not "service_account"`, ""}
	case account.Email == "" || !strings.Contains(account.Email, "@"):
		return bad("has no client_email")
	}
	r := checkPEM(strings.TrimSpace(account.Key))
	if r.Verdict != Valid {
		return Result{r.Verdict, "", "has a private_key that " + r.Detail, ""}
	}
	return Result{Verdict: Valid, Format: "key"}
}

// plainAccount reports if a text is the JSON of a service account as Google writes
// it: an object of texts without escapes, but for the \n of its key. It takes no
// memory. Whatever is written in another way is left to encoding/json.
func plainAccount(v string) bool {
	kind, email, key := false, false, false
	v, ok := strings.CutPrefix(trimJSON(v), "{")
	for ok {
		name, rest, named := plainText(trimJSON(v))
		rest, colon := strings.CutPrefix(trimJSON(rest), ":")
		rest = trimJSON(rest)
		value, behind, plain := plainText(rest)
		switch name {
		case "type":
			kind = value == "service_account"
		case "client_email":
			email = strings.Contains(value, "@")
		case "private_key":
			behind, plain = plainKey(rest)
			key = plain
		default: // encoding/json knows names in capitals too
			plain = plain && stranger(name, smallWords) < 0
		}
		if !named || !colon || !plain {
			return false
		}
		if behind = trimJSON(behind); behind == "}" {
			return kind && email && key
		}
		v, ok = strings.CutPrefix(behind, ",")
	}
	return false
}

// plainKey cuts a private key off, in JSON, in lines of base 64.
func plainKey(v string) (behind string, ok bool) {
	const first, last, least = `"` + pemBegin + `PRIVATE KEY-----\n`, pemEnd + `PRIVATE KEY-----`, 32
	size := 0
	for v, ok = strings.CutPrefix(v, first); ok && !strings.HasPrefix(v, last); {
		n := max(0, stranger(v, padded))
		size += n
		v, ok = strings.CutPrefix(v[n:], `\n`)
	}
	if !ok || size < least {
		return "", false
	}
	v, _ = strings.CutPrefix(v[len(last):], `\n`)
	return strings.CutPrefix(v, `"`)
}

// plainText cuts a text off, in JSON, that means what it says.
func plainText(v string) (text, behind string, ok bool) {
	if v, ok = strings.CutPrefix(v, `"`); !ok {
		return "", "", false
	}
	n := stranger(v, plainTexts)
	if n < 0 || v[n] != '"' {
		return "", "", false
	}
	return v[:n], v[n+1:], true
}

// trimJSON cuts off the white space that JSON knows.
func trimJSON(v string) string {
	for v != "" && (v[0] == ' ' || v[0] == '\n' || v[0] == '\r' || v[0] == '\t') {
		v = v[1:]
	}
	return v
}

var (
	smallWords = newClass("small letters, digits or _", digits+lowers+"_")
	plainTexts = newClass("letters, digits, spaces or signs", digits+uppers+lowers+" !#$%&'()*+,-./:;<=>?@[]^_`{|}~")
)

func makeServiceAccount(r *rand.Rand) string {
	name := some(r, 8, base36s)
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": name,
		"private_key_id": some(r, 40, hexes), "private_key": makePEM(r) + "\n",
		"client_email": "server@" + name + ".iam.gserviceaccount.com",
		"token_uri":    "https://oauth2.googleapis.com/token"})
	if err != nil {
		panic("internal error: strings don't marshal: " + err.Error())
	}
	return string(text)
}

// databases are the schemes of addresses of databases and brokers.
var databases = []string{"postgres", "postgresql", "mysql", "mariadb", "mongodb", "mongodb+srv", "redis", "rediss",
	"sqlserver", "mssql", "oracle", "clickhouse", "cockroachdb",
	"amqp", "amqps", "neo4j", "neo4j+s", "bolt", "nats", "kafka", "couchbase", "couchbases", "cassandra", "snowflake",
	"elasticsearch", "libsql", "influxdb", "ldap", "ldaps", "smtp", "smtps", "ftp", "sftp"}

func checkDatabaseURL(v string) Result {
	scheme, rest, ok := strings.Cut(v, "://")
	base, _, _ := strings.Cut(scheme, "+")
	switch {
	case !ok:
		return bad("has no scheme, such as postgres://")
	case scheme == "http" || scheme == "https":
		return Result{WrongFamily, "web address", "is a web address, not a database's", ""}
	case !slices.Contains(databases, scheme) && !slices.Contains(databases, base):
		return bad("has a scheme that is no database's")
	}
	return checkAddress(v, rest, base)
}

func checkBasicURL(v string) Result {
	scheme, rest, _ := strings.Cut(v, "://")
	if scheme != "http" && scheme != "https" {
		return bad("doesn't begin with https://")
	}
	r := checkAddress(v, rest, "address")
	if r.Verdict == Valid && r.Warning == noPassword {
		return bad("has no user and password in it")
	}
	return r
}

const noPassword = "has no password in it"

// checkAddress judges what stands behind ://. url.Parse refuses the lists of hosts
// that databases take, so only the part with the password is read.
func checkAddress(v, rest, format string) Result {
	if i := control(v); i >= 0 || strings.ContainsAny(v, " \t") {
		return bad("has white space or a control character in it")
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 && !strings.Contains(rest[i:], "@") {
		authority = rest[:i]
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = authority[:i], authority[i+1:]
	}
	if host == "" || strings.HasPrefix(host, ":") || strings.HasPrefix(host, "/") {
		return bad("names no host")
	}
	_, password, ok := strings.Cut(user, ":")
	if !ok || password == "" {
		return Result{Verdict: Valid, Format: format, Warning: noPassword}
	}
	if plain, err := url.PathUnescape(password); err == nil {
		password = plain
	}
	if why, is := placeholder(password); is {
		return Result{Placeholder, format, "has a password that " + why, ""}
	}
	return Result{Verdict: Valid, Format: format}
}

func makeDatabaseURL(r *rand.Rand) string {
	return "postgres://app:" + some(r, 24, alnums) + "@db.example:5432/app"
}

func makeBasicURL(r *rand.Rand) string {
	return "https://app:" + some(r, 24, alnums) + "@api.example/v1"
}

// connectionKeys are the names of what is secret in a connection string.
var connectionKeys = []string{"AccountKey", "SharedAccessKey", "AccessKey", "Password", "Pwd", "SharedAccessSignature",
	"Secret"}

func checkConnection(v string) Result {
	for pair := range strings.SplitSeq(v, ";") {
		name, value, ok := strings.Cut(pair, "=")
		if slices.ContainsFunc(connectionKeys, func(k string) bool {
			return strings.EqualFold(strings.TrimSpace(name),
				k)
		}) {
			if why, is := placeholder(value); !ok || value == "" || is {
				return Result{Placeholder, "connection string", "has a key that " + orElse(why, "is empty"), ""}
			}
			return Result{Verdict: Valid, Format: "connection string"}
		}
	}
	return bad("has no AccountKey=, SharedAccessKey= or Password= in it")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func makeConnection(r *rand.Rand) string {
	return "DefaultEndpointsProtocol=https;AccountName=store" + some(r, 6, base36s) + ";AccountKey=" +
		some(r, 86, stdBase64) + "==;EndpointSuffix=core.windows.net"
}
