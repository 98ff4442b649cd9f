package apikey

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Handler returns a slog.Handler that takes credentials out of messages, keys and
// attributes, whatever their type, before next sees them. A value whose key is a
// secret's name, such as password, GITHUB_TOKEN or openaiApiKey, is hidden
// altogether: of an attribute, and of what stands in maps, structs, lists and
// headers.
func (r *Redactor) Handler(next slog.Handler) slog.Handler { return handler{next: next, r: r} }

type handler struct {
	next   slog.Handler
	r      *Redactor
	secret bool // a group around is called a secret
}

func (h handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, h.r.Redact(record.Message), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return handler{h.next.WithAttrs(clean), h.r, h.secret}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(h.r.Redact(name)), h.r, h.secret || secretName(name)}
}

func (h handler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if (h.secret || secretName(a.Key)) && !harmless(v) {
		return slog.String(h.r.Redact(a.Key), hidden)
	}
	return slog.Attr{Key: h.r.Redact(a.Key), Value: h.value(v)}
}

func (h handler) value(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(addressed(h.r.Redact(v.String())))
	case slog.KindGroup:
		attrs := make([]slog.Attr, len(v.Group()))
		for i, a := range v.Group() {
			attrs[i] = h.attr(a)
		}
		return slog.GroupValue(attrs...)
	case slog.KindAny:
		return h.any(v)
	}
	return v // a number, a time: a port is no secret, and a registered number is found as text only
}

// any lets a value pass only if no way to print it that a handler has shows a
// credential; else it becomes its redacted text.
func (h handler) any(v slog.Value) slog.Value {
	x := v.Any()
	switch x := x.(type) {
	case nil:
		return v
	case error:
		text := print(x)
		if asked := (*url.Error)(nil); errors.As(x, &asked) { // of what http.Client couldn't get
			text = strings.ReplaceAll(text, asked.URL, addressed(asked.URL))
		}
		return slog.StringValue(h.r.Redact(text))
	case []byte:
		return slog.StringValue(h.r.Redact(string(x)))
	case *slog.Source:
		return v
	}
	if tree, changed := named(x); changed {
		x, v = tree, slog.AnyValue(tree)
	}
	plain := print(x)
	if clean := h.r.Redact(plain); clean != plain {
		return slog.StringValue(clean)
	}
	if s, ok := x.(fmt.Stringer); ok {
		if text := print(s); h.r.Redact(text) != text {
			return slog.StringValue(h.r.Redact(text))
		}
	}
	if text := marshalled(x); h.r.Redact(text) != text {
		return slog.StringValue(h.r.Redact(text))
	}
	return v
}

func print(x any) string { return fmt.Sprintf("%+v", x) }

// marshalled is a value as JSON and as its own text. A value that can't be
// encoded shows nothing; one that panics shows nothing either, since fmt and
// slog say so in its place.
func marshalled(x any) (text string) {
	defer func() {
		if recover() != nil {
			text = ""
		}
	}()
	if m, ok := x.(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			text = string(b)
		}
	}
	if b, err := json.Marshal(x); err == nil {
		text += "\n" + string(b)
	}
	return text
}
