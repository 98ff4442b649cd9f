package foreign

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A directive of nginx: its words and its line. Blocks are the directives in them.
type directive struct {
	words  []string
	line   int
	within *block
}

// A block is what stands between braces, and its words. What it doesn't say of its own is
// that of the block around it.
type block struct {
	words  string
	around *block
}

// A zone is what limit_req_zone and limit_conn_zone declare.
type zone struct {
	key  string
	rate float64
	line int
}

// nginx reads limit_req and limit_conn. A limit_req counts like a bucket of one more
// than its burst: what finds excess of at most burst is let through, and the first
// finds none. Without nodelay it is let through late.
func (in *Import) nginx(text string) error {
	list, err := directives(text, in.below)
	if err != nil {
		return err
	}
	zones := map[string]zone{}
	here := served(list)
	for _, d := range list {
		switch d.words[0] {
		case "limit_req_zone", "limit_conn_zone":
			in.nginxZone(d, zones)
		case "include":
			if name := last(d.words); !strings.HasSuffix(name, "mime.types") && !strings.HasSuffix(name, "_params") {
				in.note(d.line, "include %s: isn't read: limits in it are missing here", name)
			}
		}
	}
	for _, d := range list {
		if d.words[0] != "limit_req" && d.words[0] != "limit_conn" {
			continue
		}
		source := strings.Join(d.words, " ")
		if d.within.says(list, d.words[0]+"_dry_run") == "on" {
			in.note(d.line, "%s: a dry run: nothing is refused", source)
			continue
		}
		switch holds := here.of(list, d.words[0]); {
		case holds != d.within && here.inside(d.within):
			in.note(d.line, "%s: isn't taken: %q has a %s of its own, which takes its place", source, holds.words,
				d.words[0])
			continue
		case holds != d.within:
			in.note(d.line, "%s: isn't taken: holds in %q only, and the limits of %q are", source, d.within.words,
				here.words)
			continue
		}
		code, err := strconv.Atoi(here.says(list, d.words[0]+"_status"))
		if err != nil {
			code = 503 // what nginx says where nothing else is said
		}
		in.status(code)
		if d.words[0] == "limit_req" {
			in.limitReq(d, zones)
		} else {
			in.limitConn(d, zones)
		}
		if strings.HasPrefix(d.within.words, "location") || strings.HasPrefix(d.within.words, "if") {
			in.note(d.line, "%s: holds in %q only", source, d.within.words)
		}
	}
	return nil
}

// served is the block that serves MCP, as far as can be told: of those that have limits
// of their own the first location that is named so, or else the first that is innermost.
func served(list []directive) *block {
	var best *block
	for _, d := range list {
		named := strings.Contains(d.within.words, "location") && strings.Contains(d.within.words, "mcp")
		limits := d.words[0] == "limit_req" || d.words[0] == "limit_conn"
		switch {
		case named:
			return d.within
		case limits && (best == nil || d.within != best && d.within.inside(best)):
			best = d.within
		}
	}
	if best == nil {
		return &block{}
	}
	return best
}

// inside reports if a block is another one, or stands in it.
func (b *block) inside(other *block) bool {
	for ; b != nil; b = b.around {
		if b == other {
			return true
		}
	}
	return false
}

// of is the block whose directives of a name hold in this one; nil where none does.
func (b *block) of(list []directive, name string) *block {
	for ; b != nil; b = b.around {
		for _, d := range list {
			if d.words[0] == name && d.within == b {
				return b
			}
		}
	}
	return nil
}

// says is what the directive of a name says that holds in this block; empty where none does.
func (b *block) says(list []directive, name string) (word string) {
	within := b.of(list, name)
	for _, d := range list {
		if within != nil && d.within == within && d.words[0] == name {
			word = last(d.words)
		}
	}
	return word
}

func last(words []string) string { return words[len(words)-1] }

func (in *Import) nginxZone(d directive, zones map[string]zone) {
	if len(d.words) < 3 {
		in.note(d.line, "%s: wants a key and a zone", d.words[0])
		return
	}
	z := zone{key: d.words[1], line: d.line}
	name := ""
	for _, w := range d.words[2:] {
		if v, ok := strings.CutPrefix(w, "zone="); ok {
			name, _, _ = strings.Cut(v, ":")
		}
		if v, ok := strings.CutPrefix(w, "rate="); ok {
			n, unit, _ := strings.Cut(v, "r/")
			number, err := strconv.Atoi(n)
			if err != nil || unit != "s" && unit != "m" {
				in.note(d.line, "rate %q: want a whole number of requests a second or minute, such as 10r/s", v)
			} else if z.rate = float64(number); unit == "m" {
				z.rate /= 60
			}
		}
	}
	zones[strings.TrimSuffix(d.words[0], "_zone")+" "+name] = z
}

func (in *Import) limitReq(d directive, zones map[string]zone) {
	source := strings.Join(d.words, " ")
	name, burst, delay := "", 0, 0
	for _, w := range d.words[1:] {
		k, v, _ := strings.Cut(w, "=")
		n, err := strconv.Atoi(v)
		switch {
		case k == "zone":
			name = v
		case w == "nodelay":
			delay = -1
		case (k == "burst" || k == "delay") && (err != nil || n < 0):
			in.note(d.line, "%s: %s is no whole number", source, w)
			return
		case k == "burst":
			burst = n
		case k == "delay":
			delay = n
		default:
			in.note(d.line, "%s: %q says nothing here", source, w)
		}
	}
	z, ok := zones["limit_req "+name]
	if !ok || z.rate == 0 {
		in.note(d.line, "%s: no limit_req_zone named %q with a rate stands in this file", source, name)
		return
	}
	if delay < 0 || delay > burst {
		delay = burst
	}
	l := promise.Law{Kind: promise.Bucket, Rate: z.rate, N: delay + 1, Name: name, Key: in.nginxKey(z)}
	if waits := burst - delay; waits > 0 {
		l.Wait = time.Duration(float64(waits) / z.rate * 1e9)
	}
	in.law(d.line, source, l)
}

func (in *Import) limitConn(d directive, zones map[string]zone) {
	source := strings.Join(d.words, " ")
	if len(d.words) != 3 {
		in.note(d.line, "%s: wants a zone and a number", source)
		return
	}
	n, err := strconv.Atoi(d.words[2])
	z, ok := zones["limit_conn "+d.words[1]]
	if err != nil || !ok {
		in.note(d.line, "%s: want a whole number, and a limit_conn_zone named %q in this file", source, d.words[1])
		return
	}
	in.law(d.line, source, promise.Law{Kind: promise.Cap, N: n, Name: d.words[1], Key: in.nginxKey(z)})
	in.note(d.line, "%s: an open stream counts as a request for as long as it lasts", source)
}

// nginxKey is what a zone counts by: each of its variables tells something apart. One
// that is empty as a whole switches the limit off.
func (in *Import) nginxKey(z zone) (key promise.Key) {
	names := variables.FindAllString(z.key, -1)
	for _, v := range names {
		k, known := keyOf(strings.TrimPrefix(strings.Trim(v, "${}"), "http_"))
		switch v = strings.Trim(v, "${}"); {
		case v == "binary_remote_addr" || v == "remote_addr":
			k = promise.Key{promise.Address}
		case v == "server_name" || v == "server_port" || v == "host":
			k = nil
		case v == "remote_user":
			k = promise.Key{promise.Credential}
		case strings.HasPrefix(v, "http_") && known:
			if len(names) == 1 {
				in.note(z.line, "%s: requests without that header aren't counted at all", z.key)
			}
		default:
			in.note(z.line, "who shares a counter is what %s says, which this file may compute: taken as one counter "+
				"a credential; where that is empty, nothing is counted", z.key)
			return promise.Key{promise.Credential}
		}
		for _, d := range k {
			if !key.Has(d) {
				key = append(key, d)
			}
		}
	}
	return key
}

var variables = regexp.MustCompile(`\$(?:[a-z0-9_]+|\{[a-z0-9_]+\})`)

// directives reads nginx' configuration, which begins below a line, as a list.
func directives(text string, below int) ([]directive, error) {
	var list []directive
	var words []string
	blocks := []*block{{}}
	line, start := below+1, below+1
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == ';':
			if len(words) > 0 {
				list = append(list, directive{words, start, blocks[len(blocks)-1]})
			}
			words, i = nil, i+1
		case c == '{':
			b := &block{strings.Join(words, " "), blocks[len(blocks)-1]}
			blocks, words, i = append(blocks, b), nil, i+1
		case c == '}':
			if len(blocks) == 1 || len(words) > 0 {
				return nil, fmt.Errorf("line %d: a brace closes what isn't open, or a directive without a semicolon",
					line)
			}
			blocks, i = blocks[:len(blocks)-1], i+1
		default:
			if len(words) == 0 {
				start = line
			}
			word, n, err := nginxWord(text[i:])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			line += strings.Count(text[i:i+n], "\n")
			words, i = append(words, word), i+n
		}
	}
	if len(words) > 0 {
		return nil, fmt.Errorf("line %d: a directive without a semicolon", start)
	}
	return list, nil
}

// nginxWord reads a word, quoted or not, and how long it is. Braces of a variable such
// as ${name} belong to it.
func nginxWord(text string) (word string, n int, err error) {
	if q := text[0]; q == '"' || q == '\'' {
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case q:
				return text[1:i], i + 1, nil
			}
		}
		return "", 0, errors.New("a quote without its end")
	}
	for n < len(text) && !strings.ContainsRune(" \t\r\n;", rune(text[n])) {
		if text[n] == '{' && (n == 0 || text[n-1] != '$') || text[n] == '}' && !strings.Contains(text[:n], "${") {
			break
		}
		n++
	}
	return text[:n], max(n, 1), nil
}
