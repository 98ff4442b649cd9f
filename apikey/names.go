package apikey

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
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
	"cookies": true, "setcookie": true, "credential": true, "credentials": true, "sessiontoken": true,
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
	deepestValue = 8
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
		return "(" + v.Type().String() + ")"
	}
	if depth > 0 && v.CanInterface() {
		switch v.Interface().(type) {
		case error, fmt.Stringer, json.Marshaler, encoding.TextMarshaler, slog.LogValuer:
			return v.Interface()
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return w.walk(v.Elem(), depth+1)
	case reflect.Map:
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			key := fmt.Sprint(plainOf(it.Key()))
			out[key] = w.field(key, it.Value(), depth)
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				name = f.Name
			}
			if secretName(f.Name) {
				name = f.Name
			}
			out[name] = w.field(name, v.Field(i), depth)
		}
		return out
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return plainOf(v)
		}
		var out []any
		for i := range v.Len() {
			out = append(out, w.walk(v.Index(i), depth+1))
		}
		return out
	}
	return plainOf(v)
}

// field is what stands under a name.
func (w *finder) field(name string, v reflect.Value, depth int) any {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if secretName(name) && v.IsValid() && !v.IsZero() {
		switch v.Kind() {
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
