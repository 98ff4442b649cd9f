package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
	conformdrive "github.com/mcpload/mcpload/scenarios/conform/drive"
	"github.com/mcpload/mcpload/scenarios/drive"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
	"github.com/mcpload/mcpload/scenarios/startup"
	"github.com/mcpload/mcpload/verdict"
)

// A schemaDoc is one kind of document that we print.
type schemaDoc struct {
	name    string // as the document's own field schema has it
	prints  string // the commands that print it
	doc     string
	roots   []any // the types that it is made of; one of several
	listing bool  // its lists are those of mcpload list
}

// schemaDocs are all of them.
func schemaDocs() []schemaDoc {
	return []schemaDoc{
		{"mcpload.run/v1", "`run`, `load`, `startup`, `report` and `results judge`, with `--format json`; " +
			"`document.json` of a kept one", "what a run, a load or a start-up found", []any{results.Document{}},
			false},
		{"mcpload.probe/v1", "`probe --format json`", "the limit that a probe measured", []any{results.Probed{}},
			false},
		{"mcpload.verify/v1", "`verify --format json`", "how a history fits a bucket, or laws with `--promise`",
			[]any{results.VerifiedBucketDoc{}, results.VerifiedLawsDoc{}}, false},
		{"mcpload.plan/v1", "`run --dry-run --format json`, one document a server", "what a run would send",
			[]any{drive.PlanDocument{}}, false},
		{"mcpload.loadplan/v1", "`load --dry-run --format json`", "what a load would send first",
			[]any{loaddrive.PlanDocument{}}, false},
		{"mcpload.conformplan/v1", "`conform --dry-run --format json`", "the requests that conform could send",
			[]any{conformdrive.PlanDocument{}}, false},
		{"mcpload.startplan/v1", "`startup --dry-run --format json`", "the starts that startup would make",
			[]any{startup.PlanDocument{}}, false},
		{"mcpload.list/v1", "`list NAME --format json`", "what there is of a kind; the list stands under its own name",
			nil, true},
		{"mcpload.key/v1", "`keys check --format json`", "what a credential looks like",
			[]any{catalogue.CheckedKey{}}, false},
		{"mcpload.keys/v1", "`keys providers --format json`", "the providers of credentials that are known",
			[]any{catalogue.KnownKeys{}}, false},
		{"mcpload.scan/v1", "`keys scan --format json`", "where a text holds credentials", []any{catalogue.Scanned{}},
			false},
		{"mcpload.selftest/v1", "`selftest --format json`", "which faults of the mock are caught",
			[]any{drive.Selftest{}}, false},
		{"mcpload.power/v1", "`selftest --power --format json`", "the smallest errors that are caught",
			[]any{drive.PowerDocument{}}, false},
		{"mcpload.tools/v1", "`tools --format json`", "what a server offers", []any{target.Offered{}}, false},
		{"mcpload.fleet/v1", "`fleet --format json`", "how far servers drifted from what is asked of them",
			[]any{results.Fleet{}}, false},
		{"mcpload.results/v1", "`results list --format json`", "the kept runs", []any{store.Listing{}}, false},
		{"mcpload.environment/v1", "`results show`; `environment.json` of a kept run", "where a run ran",
			[]any{store.Shown{}}, false},
		{"mcpload.compare/v1", "`compare --format json`", "what changed between two sides of runs",
			[]any{compare.Report{}}, false},
		{"mcpload.history/v1", "`history --format json`", "how one figure of a server went", []any{compare.Trend{}},
			false},
	}
}

// file is the schema's file below docs/schemas.
func (d schemaDoc) file() string {
	return strings.ReplaceAll(strings.TrimPrefix(d.name, "mcpload."), "/", ".") + ".json"
}

// An object is a JSON Schema; a map is written in the order of its names.
type object = map[string]any

// A schemaMaker turns Go types into a schema.
type schemaMaker struct {
	defs     object
	types    map[string]reflect.Type // of the definitions, by name
	comments map[string]string       // of "Type" and "Type.Field", by package folder
	strict   bool                    // refuse what isn't declared
}

// schema is the JSON Schema of a document.
func (m *schemaMaker) schema(t *testing.T, d schemaDoc) object {
	m.defs, m.types = object{}, map[string]reflect.Type{}
	out := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "https://github.com/mcpload/mcpload/blob/main/docs/schemas/" + d.file(),
		"title":   d.name, "description": d.doc + "; printed by " + strings.ReplaceAll(d.prints, "`", ""),
	}
	var roots []any
	for _, root := range d.roots {
		s := m.structure(reflect.TypeOf(root))
		s["properties"].(object)["schema"] = object{"const": d.name}
		roots = append(roots, s)
	}
	switch {
	case d.listing:
		for k, v := range m.listings(t, d.name) {
			out[k] = v
		}
	case len(roots) == 1:
		for k, v := range roots[0].(object) {
			if k != "description" {
				out[k] = v
			}
		}
	default:
		out["oneOf"] = roots
	}
	if len(m.defs) > 0 {
		out["$defs"] = m.defs
	}
	return out
}

// structure is the schema of a struct.
func (m *schemaMaker) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	m.fields(t, properties, &required)
	slices.Sort(required)
	s := object{"type": "object", "properties": properties, "required": required}
	if text := m.comments[commentOf(t, "")]; text != "" {
		s["description"] = text
	}
	if m.strict {
		s["additionalProperties"] = false
	}
	return s
}

func commentOf(t reflect.Type, field string) string {
	return t.PkgPath() + "." + t.Name() + "." + field
}

func (m *schemaMaker) fields(t reflect.Type, properties object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, given := f.Tag.Lookup("json")
		name, rest, _ := strings.Cut(tag, ",")
		if f.Anonymous && !given {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			m.fields(inner, properties, required)
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		omitted := strings.Contains(rest, "omitempty") || strings.Contains(rest, "omitzero")
		s := m.of(f.Type, omitted)
		if text := m.comments[commentOf(t, f.Name)]; text != "" {
			s["description"] = text
		}
		properties[name] = s
		if !omitted {
			*required = append(*required, name)
		}
	}
}

// of is the schema of any type; omitted says that a nil is left out.
func (m *schemaMaker) of(t reflect.Type, omitted bool) object {
	switch t {
	case reflect.TypeFor[verdict.Verdict]():
		return object{"enum": []string{"pass", "fail", "inconclusive"}}
	case reflect.TypeFor[results.Range]():
		return object{"type": "object", "required": []string{"lo", "hi"},
			"properties": object{"lo": object{"type": "number"}, "hi": object{"type": []string{"number", "null"},
				"description": "null: no upper bound"}}}
	case reflect.TypeFor[results.Quantiles]():
		return m.named(t, func() object {
			s := m.structure(t)
			s["required"] = []string{} // a sample of nothing has no figures
			return s
		})
	case reflect.TypeFor[json.RawMessage]():
		return object{} // anybody's JSON
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		if omitted {
			return m.of(t.Elem(), false)
		}
		return object{"anyOf": []any{m.of(t.Elem(), false), object{"type": "null"}}}
	case reflect.Struct:
		return m.named(t, func() object { return m.structure(t) })
	case reflect.Slice:
		return object{"type": "array", "items": m.of(t.Elem(), true)}
	case reflect.Array:
		return object{"type": "array", "items": m.of(t.Elem(), false), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": m.of(t.Elem(), false)}
	case reflect.Interface:
		return object{} // what a map holds that has no type of its own
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int, reflect.Int64, reflect.Uint8:
		return object{"type": "integer"}
	}
	panic(fmt.Sprintf("internal error: no schema is known of %s", t))
}

// named puts a type's schema among the definitions, once, and refers to it.
func (m *schemaMaker) named(t reflect.Type, of func() object) object {
	name := t.Name()
	if is := m.types[name]; is != nil && is != t { // of another package
		name = path.Base(t.PkgPath()) + "." + name
	}
	m.types[name] = t
	if _, known := m.defs[name]; !known {
		m.defs[name] = object{} // it may hold itself
		m.defs[name] = of()
	}
	return object{"$ref": "#/$defs/" + name}
}

// listings is the schema of mcpload list, made of what it prints.
func (m *schemaMaker) listings(t *testing.T, name string) object {
	catalog, err := profiles.Load()
	require.NoError(t, err)
	properties := object{"schema": object{"const": name}}
	var one []any
	for _, l := range catalogue.Listings() {
		fields, seen, rows := object{}, map[string]int{}, l.Fields(catalog)
		for _, r := range rows {
			for k, v := range r {
				fields[k] = m.either(fields[k], reflect.ValueOf(v))
				seen[k]++
			}
		}
		var required []string
		for k, n := range seen {
			if n == len(rows) {
				required = append(required, k)
			}
		}
		slices.Sort(required)
		item := object{"type": "object", "properties": fields, "required": required}
		if m.strict {
			item["additionalProperties"] = false
		}
		properties[l.Name] = object{"type": "array", "items": item, "description": l.Doc}
		one = append(one, object{"required": []string{"schema", l.Name}})
	}
	s := object{"type": "object", "properties": properties, "required": []string{"schema"}, "oneOf": one}
	if m.strict {
		s["additionalProperties"] = false
	}
	return s
}

// either is a schema that also takes a value.
func (m *schemaMaker) either(s any, v reflect.Value) any {
	is := object{"type": "null"}
	if v.IsValid() && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		is = m.of(v.Type(), true)
	}
	switch {
	case s == nil, reflect.DeepEqual(s, is):
		return is
	}
	if both, ok := s.(object)["anyOf"].([]any); ok {
		if slices.ContainsFunc(both, func(x any) bool { return reflect.DeepEqual(x, is) }) {
			return s
		}
		return object{"anyOf": append(both, is)}
	}
	return object{"anyOf": []any{s, is}}
}

// commented reads what the source says of types and fields.
func commented(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, dir := range []string{"cmd/mcpload", "results", "results/compare", "results/store", "scenarios/drive",
		"apikey", "verdict"} {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		require.NoError(t, err)
		pkg := "github.com/mcpload/mcpload/" + dir
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil,
				parser.ParseComments|parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				decl, ok := n.(*ast.GenDecl)
				if !ok {
					return true
				}
				for _, s := range decl.Specs {
					if spec, ok := s.(*ast.TypeSpec); ok {
						note(out, pkg, spec, decl)
					}
				}
				return true
			})
		}
	}
	require.NotEmpty(t, out)
	return out
}

func note(out map[string]string, pkg string, spec *ast.TypeSpec, decl *ast.GenDecl) {
	if pkg == "github.com/mcpload/mcpload/cmd/mcpload" {
		pkg = reflect.TypeFor[app]().PkgPath()
	}
	text := spec.Doc.Text()
	if text == "" && len(decl.Specs) == 1 {
		text = decl.Doc.Text()
	}
	out[pkg+"."+spec.Name.Name+"."] = sentence(text)
	if s, ok := spec.Type.(*ast.StructType); ok {
		for _, f := range s.Fields.List {
			for _, name := range f.Names {
				text := f.Comment.Text()
				if text == "" {
					text = f.Doc.Text()
				}
				out[pkg+"."+spec.Name.Name+"."+name.Name] = sentence(text)
			}
		}
	}
}

// sentence is a comment in one line.
func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }

// The schema files are what the types say, and the page lists them all.
func TestSchemasAreWhatTheTypesSay(t *testing.T) {
	m := &schemaMaker{comments: commented(t)}
	dir := filepath.Join("..", "..", "docs", "schemas")
	want := map[string][]byte{}
	var page strings.Builder
	page.WriteString(schemasHead)
	for _, d := range schemaDocs() {
		s := m.schema(t, d)
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(s))
		want[filepath.Join(dir, d.file())] = b.Bytes()
		describe(&page, d, s)
	}
	want[filepath.Join(dir, "..", "SCHEMAS.md")] = []byte(page.String())
	if *update {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(name, text, 0o644))
		}
	}
	for name, text := range want {
		is, err := os.ReadFile(name)
		require.NoError(t, err, "go test ./cmd/mcpload -run Schemas -update writes it")
		require.Equal(t, string(text), string(is), "%s isn't what the types say: go test ./cmd/mcpload -run Schemas "+
			"-update", name)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, len(schemaDocs()), "a schema of no document")
}

const schemasHead = `# JSON documents

Every command that prints JSON names the schema of its document in the field ` + "`schema`" + `. Fields
may be added to a schema; where one is renamed or removed, the schema gets a new name. So read
what you know, and ignore the rest.

Below [schemas](schemas) stands a JSON Schema (draft 2020-12) of each. They and this page are
made from the program's own types, and a test holds our own documents to them.

Units are in the names: ` + "`_ns`" + ` are nanoseconds, ` + "`_ms`" + ` milliseconds, ` +
	"`_s`" + ` seconds; instants count from
the run's start, and rates are tokens or calls a second. A verdict is "pass", "fail" or
"inconclusive". What may be absent is marked so.

`

// describe adds a document to the page.
func describe(page *strings.Builder, d schemaDoc, s object) {
	fmt.Fprintf(page, "## %s\n\n%s: [schemas/%s](schemas/%s). Printed by %s.\n\n",
		d.name, strings.ToUpper(d.doc[:1])+d.doc[1:], d.file(), d.file(), d.prints)
	if forms, ok := s["oneOf"].([]any); ok && !d.listing {
		for i, form := range forms {
			fmt.Fprintf(page, "Form %d: %s\n\n", i+1, mdCell(fmt.Sprint(form.(object)["description"])))
			table(page, form.(object))
		}
	} else {
		table(page, s)
	}
	defs, _ := s["$defs"].(object)
	for _, name := range sortedKeys(defs) {
		def := defs[name].(object)
		fmt.Fprintf(page, "**%s**", name)
		if text, ok := def["description"].(string); ok {
			fmt.Fprintf(page, ": %s", mdCell(text))
		}
		page.WriteString("\n\n")
		table(page, def)
	}
}

func table(page *strings.Builder, s object) {
	properties := s["properties"].(object)
	required, _ := s["required"].([]string)
	page.WriteString("| field | type | what it is |\n|---|---|---|\n")
	for _, name := range sortedKeys(properties) {
		p := properties[name].(object)
		kind := kindOf(p)
		if !slices.Contains(required, name) {
			kind += ", may be absent"
		}
		text, _ := p["description"].(string)
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", name, kind, mdCell(text))
	}
	page.WriteString("\n")
}

// kindOf is a schema's type in a word or two.
func kindOf(p object) string {
	switch {
	case p["$ref"] != nil:
		return strings.TrimPrefix(p["$ref"].(string), "#/$defs/")
	case p["enum"] != nil:
		return "verdict"
	case p["const"] != nil:
		return fmt.Sprintf("%q", p["const"])
	case p["anyOf"] != nil:
		var kinds []string
		for _, x := range p["anyOf"].([]any) {
			kinds = append(kinds, kindOf(x.(object)))
		}
		return strings.Join(kinds, " or ")
	case p["type"] == "array":
		return "list of " + kindOf(p["items"].(object))
	case p["properties"] != nil && p["properties"].(object)["lo"] != nil:
		return "range `lo`, `hi`"
	case p["additionalProperties"] != nil && p["properties"] == nil:
		return "object of " + kindOf(p["additionalProperties"].(object))
	case p["type"] == nil:
		return "any"
	}
	return fmt.Sprint(p["type"])
}

func mdCell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }

func sortedKeys(o object) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
