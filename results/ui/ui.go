// Package ui serves a store of kept runs as pages, to this machine only.
//
// Most users want New, a read-only http.Handler: a list of the runs with
// filters, each run as package page draws it, what became of a server from run to
// run, and two runs side by side. Every page is whole without any script, and its
// address says what it shows.
//
// The package deliberately changes nothing in the store, loads nothing from
// elsewhere, and answers nobody who doesn't ask for a loopback address by name:
// a page of another site that had its own name point here (DNS rebinding) is
// refused.
package ui

import (
	"bytes"
	_ "embed" // the layout of the pages
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/results/store"
)

//go:embed ui.html
var layout string

// A site is the handler of a store.
type site struct {
	store  *store.Store
	layout *template.Template
	trends trends
}

// New returns the pages of a store.
func New(s *store.Store) (http.Handler, error) {
	words := template.FuncMap{"when": when, "badge": badge, "serverPage": serverPage}
	t, err := template.New("ui").Funcs(words).Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("ui: internal error: %w", err)
	}
	v := &site{store: s, layout: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.answer(v.list))
	mux.HandleFunc("GET /runs/{id}", v.answer(v.run))
	mux.HandleFunc("GET /runs/{id}/document.json", v.document)
	mux.HandleFunc("GET /servers", v.answer(v.servers))
	mux.HandleFunc("GET /servers/{name}", v.answer(v.server))
	mux.HandleFunc("GET /compare", v.answer(v.compare))
	mux.HandleFunc("/", v.answer(func(*http.Request) (sheet, error) {
		return sheet{}, notFound("There is no such page.")
	}))
	return guard(mux), nil
}

// guard refuses whatever isn't a look from this machine, and forbids the browser
// everything that a page doesn't need.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		switch {
		case !Loopback(r.Host):
			http.Error(w, "mcpload: these pages are for this machine only: open them by http://127.0.0.1 or "+
				"http://localhost", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "mcpload: these pages are read-only", http.StatusMethodNotAllowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Loopback reports if an address, with or without a port, names this machine and
// nothing else: localhost, or a loopback address in numbers.
func Loopback(address string) bool {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// A sheet is what a page shows: one of the layout's templates and its values, or
// a page that writes itself.
type sheet struct {
	title    string
	template string
	data     any
	whole    func(w *bytes.Buffer) error
}

// A refusal is a page that can't be shown, and why.
type refusal struct {
	status int
	says   string
	anyway string // the address that shows it all the same; empty: there is none
}

func (r refusal) Error() string { return r.says }

// A problem is why a page isn't shown, and the address that shows it all the same.
type problem struct{ Says, Anyway string }

func notFound(says string) error { return refusal{status: http.StatusNotFound, says: says} }

func unfit(format string, args ...any) error {
	return refusal{status: http.StatusBadRequest, says: fmt.Sprintf(format, args...)}
}

// answer makes a handler of what finds the values of a page.
func (v *site) answer(find func(*http.Request) (sheet, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		s, err := find(r)
		var b bytes.Buffer
		if err == nil {
			err = v.draw(&b, r, s)
		}
		if err != nil {
			b.Reset()
			status = http.StatusInternalServerError
			if errors.Is(err, store.ErrNone) {
				status = http.StatusNotFound
			}
			var known refusal
			if errors.As(err, &known) {
				status = known.status
			}
			s = sheet{title: "Not shown", template: "problem", data: problem{err.Error(), known.anyway}}
			if err := v.draw(&b, r, s); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = b.WriteTo(w) // the browser went away
	}
}

func (v *site) draw(b *bytes.Buffer, r *http.Request, s sheet) error {
	if s.whole != nil {
		return s.whole(b)
	}
	var body bytes.Buffer
	if err := v.layout.ExecuteTemplate(&body, s.template, s.data); err != nil {
		return fmt.Errorf("ui: %w", err)
	}
	return page.Frame(b, s.title+" – mcpload", nav(r), template.HTML(body.String()))
}

// nav are the links on top of every page.
func nav(r *http.Request) []page.Link {
	return []page.Link{
		{Text: "Runs", Href: "/", Here: r.URL.Path == "/"},
		{Text: "Servers", Href: "/servers", Here: r.URL.Path == "/servers"},
	}
}

// link is an address with the values that aren't empty.
func link(path string, values url.Values) string {
	for name, list := range values {
		if len(list) == 0 || list[0] == "" {
			values.Del(name)
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
