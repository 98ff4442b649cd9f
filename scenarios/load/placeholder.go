package load

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// placeholder compiles what stands between {{ and }}.
func placeholder(text string, known names) (func(*Values) any, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("{{}} is empty, want such as {{counter}}")
	}
	bad := refusal(func(want string) (func(*Values) any, error) {
		return nil, fmt.Errorf("{{%s}} is no placeholder, want such as {{%s}}", shortened(text), want)
	})
	args := words[1:]
	switch words[0] {
	case "text", "number":
		if len(args) == 0 {
			return bad(words[0] + " counter")
		}
		inner, err := placeholder(strings.Join(args, " "), known)
		if err != nil {
			return nil, err
		}
		return converted(words[0], inner), nil
	case "counter", "int", "float", "pick", "string":
		return drawn(words[0], args, bad)
	}
	if len(args) > 0 {
		return unknown(text, known)
	}
	return named(words[0], text, known)
}

// A refusal says what a placeholder should have been.
type refusal func(want string) (func(*Values) any, error)

// drawn compiles the placeholders that count or draw lots.
func drawn(word string, args []string, bad refusal) (func(*Values) any, error) {
	switch word {
	case "counter":
		first, ok := numbersOf(args, 1, 0, 1)
		if !ok {
			return bad("counter 1000")
		}
		return func(v *Values) any { return int64(first[0]) + int64(v.N) }, nil
	case "int":
		return between(args, bad)
	case "float":
		r, ok := numbersOf(args, 2, 2)
		if !ok || r[0] >= r[1] {
			return bad("float 0 1")
		}
		return func(v *Values) any { return r[0] + v.Random.Float64()*(r[1]-r[0]) }, nil
	case "pick":
		if len(args) == 0 {
			return bad("pick red green")
		}
		return func(v *Values) any { return args[v.Random.IntN(len(args))] }, nil
	}
	n, ok := numbersOf(args, 1, 1)
	if !ok || n[0] < 1 || n[0] > 1<<20 || n[0] != math.Trunc(n[0]) {
		return bad("string 8")
	}
	return func(v *Values) any { return letters(v.Random, int(n[0])) }, nil
}

// named compiles a placeholder that is a single word.
func named(word, text string, known names) (func(*Values) any, error) {
	switch word {
	case "uuid":
		return func(v *Values) any { return uuid(v.Random) }, nil
	case "session":
		return func(v *Values) any { return v.Client }, nil
	case "nonce":
		return func(v *Values) any { return Nonce(v.Seed, v.N) }, nil
	}
	if slices.Contains(known.saved, word) {
		return func(v *Values) any { return v.Saved[word] }, nil
	}
	if name, column, ok := strings.Cut(word, "."); ok && known.data[name] != nil {
		return known.data[name].column(name, column)
	}
	return unknown(text, known)
}

// unknown says what there is.
func unknown(text string, known names) (func(*Values) any, error) {
	var list []string
	for _, p := range Placeholders[:8] {
		list = append(list, strings.Fields(p.Text)[0])
	}
	list = append(list, known.saved...)
	for name, d := range known.data {
		for _, c := range d.Columns {
			list = append(list, name+"."+c)
		}
	}
	slices.Sort(list)
	return nil, fmt.Errorf("nothing is named {{%s}} here; there are %s", shortened(text), strings.Join(list, ", "))
}

// converted makes a text or a number of a value.
func converted(to string, inner func(*Values) any) func(*Values) any {
	if to == "text" {
		return func(v *Values) any { return asText(inner(v)) }
	}
	return func(v *Values) any {
		text := strings.TrimSpace(asText(inner(v)))
		if json.Valid([]byte(text)) {
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				return json.RawMessage(text)
			}
		}
		return text // it is none: the server may say so
	}
}

// between compiles {{int a b}}.
func between(args []string, bad refusal) (func(*Values) any, error) {
	if len(args) != 2 {
		return bad("int 1 100")
	}
	lo, err := strconv.ParseInt(args[0], 10, 64)
	hi, err2 := strconv.ParseInt(args[1], 10, 64)
	if err != nil || err2 != nil || lo > hi || hi-lo < 0 || hi-lo == math.MaxInt64 {
		return bad("int 1 100")
	}
	return func(v *Values) any { return lo + v.Random.Int64N(hi-lo+1) }, nil
}

// numbersOf reads a number of arguments, with values for those left out.
func numbersOf(args []string, most, least int, left ...float64) ([]float64, bool) {
	if len(args) < least || len(args) > most {
		return nil, false
	}
	list := slices.Clone(left)
	for i, a := range args {
		x, err := strconv.ParseFloat(a, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, false
		}
		if i < len(list) {
			list[i] = x
		} else {
			list = append(list, x)
		}
	}
	return list, true
}

func letters(r *rand.Rand, n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000,
		b&0xffffffffffff)
}
