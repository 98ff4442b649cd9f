package apikey

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"unicode"
)

// secretNames are keys whose values are secrets, in lower case without signs.
// They are compared whole: author and max_tokens are none.
var secretNames = map[string]bool{
	"password": true, "passwd": true, "pwd": true, "pass": true, "passphrase": true, "secret": true, "secrets": true,
	"secretkey": true, "clientsecret": true, "apikey": true, "apikeys": true,
	"apitoken": true, "token": true, "accesstoken": true, "authtoken": true, "refreshtoken": true, "bearertoken": true,
	"bearer": true, "authorization": true, "proxyauthorization": true,
	"privatekey": true, "jwtsecret": true, "signingkey": true, "encryptionkey": true, "masterkey": true,
	"accesskey": true, "secretaccesskey": true, "xapikey": true, "cookie": true,
	"cookies": true, "passwords": true, "privatekeys": true, "clientsecrets": true, "apitokens": true,
	"accesstokens": true, "authtokens": true, "refreshtokens": true,
	"setcookie": true, "credential": true, "credentials": true, "sessiontoken": true,
	"connectionstring": true, "databaseurl": true, "dsn": true, "pat": true, "jwt": true,
}

// secretName reports if a key says that its value is a secret, alone or behind
// a provider's name, as in OPENAI_API_KEY and openaiApiKey.
func secretName(key string) bool { return endsIn(secretNames, key) }

// endsIn reports if the last part of a name, or its last two or three, are one of these.
func endsIn(names map[string]bool, key string) bool {
	parts := nameParts(key)
	for n := 1; n <= min(3, len(parts)); n++ {
		if names[strings.Join(parts[len(parts)-n:], "")] {
			return true
		}
	}
	return false
}

// nameParts cuts a name at its signs, and where a capital follows a small letter.
func nameParts(key string) []string {
	var parts []string
	var part strings.Builder
	end := func() {
		if part.Len() > 0 {
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	last := rune(0)
	for _, c := range key {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			end()
			last = 0
			continue
		case unicode.IsUpper(c) && unicode.IsLower(last):
			end()
		}
		part.WriteRune(unicode.ToLower(c))
		last = c
	}
	end()
	return parts
}

// harmless reports if a value can be no secret, whatever its name: none, a switch,
// or a number, as in token=4096.
func harmless(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindDuration, slog.KindTime:
		return true
	case slog.KindString:
		return v.String() == ""
	}
	return v.Any() == nil
}

// How deep and wide a value is looked into: what is beyond is shown by its type.
const (
	deepestValue = 12
	mostValues   = 2000
)

// named is a value with what secret names hold hidden, as maps and lists, and
// whether there was any. What knows how to print itself is left as it is.
func named(x any) (tree any, changed bool) {
	w := finder{left: mostValues}
	tree = w.walk(reflect.ValueOf(x), 0)
	if !w.changed {
		return x, false
	}
	return tree, true
}

type finder struct {
	left    int
	changed bool
}

func (w *finder) walk(v reflect.Value, depth int) any {
	if w.left--; !v.IsValid() {
		return nil
	} else if w.left < 0 || depth > deepestValue {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Struct, reflect.Slice, reflect.Array:
			w.changed = true // nobody knows what is in it, or if it ends
			return "(" + v.Type().String() + ")"
		}
	}
	if v.CanInterface() {
		if tree, own := w.printed(v, depth); own {
			return tree
		}
	}
	return w.parts(v, depth)
}

// printed is what a value shows that says itself how it is printed. Where that, or what it
// is made of, has a secret in it, that is shown with the secret hidden.
func (w *finder) printed(v reflect.Value, depth int) (tree any, own bool) {
	var shown any
	x := v.Interface()
	switch x := x.(type) {
	case Secret, *Secret, error:
		return x, depth > 0
	case *url.URL:
		text, clean := address(x)
		w.changed = w.changed || text != clean
		return clean, true
	case slog.LogValuer:
		shown = attrs(slog.AnyValue(x).Resolve())
	case json.Marshaler:
		if text, err := marshal(x); err != nil || json.Unmarshal(text, &shown) != nil {
			return x, depth > 0
		}
	case fmt.Stringer, encoding.TextMarshaler:
	default:
		return nil, false
	}
	inner := finder{left: w.left}
	if shown != nil {
		tree = inner.walk(reflect.ValueOf(shown), depth+1)
	} else {
		tree = inner.parts(v, depth)
	}
	if w.left = inner.left; !inner.changed {
		return x, true
	}
	w.changed = true
	return tree, true
}

// attrs is a value of slog as maps.
func attrs(v slog.Value) any {
	if v.Kind() != slog.KindGroup {
		return v.Any()
	}
	out := map[string]any{}
	for _, a := range v.Group() {
		out[a.Key] = attrs(a.Value.Resolve())
	}
	return out
}

// marshal is json.Marshal for what may panic, as fmt and slog bear it.
func marshal(x any) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panics: %T", p)
		}
	}()
	return json.Marshal(x)
}

// address is one as text, and with its password, and what its query calls a secret, hidden.
func address(u *url.URL) (text, clean string) {
	if u == nil {
		return "<nil>", "<nil>"
	}
	copied := *u
	if _, is := u.User.Password(); is {
		copied.User = url.UserPassword(u.User.Username(), hidden)
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		if name, value, _ := strings.Cut(pair, "="); value != "" && secretName(name) &&
			!strings.HasPrefix(value, redactedMark) {
			pairs[i] = name + "=" + hidden
		}
	}
	copied.RawQuery = strings.Join(pairs, "&")
	return u.String(), strings.Replace(copied.String(), ":"+url.QueryEscape(hidden)+"@", ":"+hidden+"@", 1)
}

// addressed is a text that is an address as that is shown.
func addressed(text string) string {
	if !strings.Contains(text, "://") { // as most of what is logged
		return text
	}
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.Host != "" {
		if was, clean := address(u); was != clean {
			return clean
		}
	}
	return text
}

// parts is a value with its parts looked into.
func (w *finder) parts(v reflect.Value, depth int) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return w.walk(v.Elem(), depth+1)
	case reflect.Map:
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			key := fmt.Sprint(plainOf(it.Key()))
			out[key] = w.field(key, it.Value(), depth)
		}
		return w.pair(out)
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			name := fieldName(v.Type().Field(i))
			out[name] = w.field(name, v.Field(i), depth)
		}
		return w.pair(out)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return plainOf(v)
		}
		var out []any
		for i := range v.Len() {
			one := w.walk(v.Index(i), depth+1)
			if text, is := one.(string); is { // as environments and arguments have it
				if name, value, set := strings.Cut(text, "="); set && value != "" && secretName(name) {
					one, w.changed = name+"="+hidden, true
				}
			}
			out = append(out, one)
		}
		return out
	}
	return plainOf(v)
}

// fieldName is the name of a field that says most of its value: its own, or one that a
// tag gives it for an encoding.
func fieldName(f reflect.StructField) string {
	if secretName(f.Name) {
		return f.Name
	}
	for _, tag := range []string{"yaml", "toml", "mapstructure", "env", "form", "xml"} {
		if name, _, _ := strings.Cut(f.Tag.Get(tag), ","); secretName(name) {
			return name
		}
	}
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
		return name
	}
	return f.Name
}

// pair hides the value where a name and a value stand side by side.
func (w *finder) pair(of map[string]any) any {
	for _, names := range [...][2]string{{"name", "value"}, {"Name", "Value"}, {"key", "value"}, {"Key", "Value"}} {
		if name, is := of[names[0]].(string); is && secretName(name) && of[names[1]] != nil {
			of[names[1]], w.changed = hidden, true
		}
	}
	return of
}

// field is what stands under a name.
func (w *finder) field(name string, v reflect.Value, depth int) any {
	of := v
	for of.Kind() == reflect.Interface || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if secretName(name) && of.IsValid() && !of.IsZero() {
		switch of.Kind() {
		case reflect.String, reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
			w.changed = true
			return hidden
		}
	}
	return w.walk(v, depth+1)
}

// plainOf is a value that has no parts: also of a field that nobody else may read,
// since fmt prints it all the same.
func plainOf(v reflect.Value) any {
	switch {
	case v.CanInterface():
		return v.Interface()
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return v.Uint()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return string(v.Bytes())
	}
	return "(" + v.Type().String() + ")"
}
