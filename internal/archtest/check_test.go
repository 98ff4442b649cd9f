package archtest_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// check judges files against the rooms and returns one sentence a broken rule,
// in the files' order.
func check(module string, rooms map[string]room, files []file) []string {
	var broken []string
	unknown := map[string]bool{}
	for _, f := range files {
		r, ok := rooms[f.dir()]
		if !ok && !unknown[f.dir()] {
			unknown[f.dir()] = true
			broken = append(broken, fmt.Sprintf("%s: no room of this name in the table", f.dir()))
			broken = append(broken, vagueName(f.dir())...)
		}
		if ok {
			broken = append(broken, imports(module, r, f)...)
		}
		broken = append(broken, sizes(f)...)
		broken = append(broken, inits(f)...)
		if f.dir() == "mock" || f.dir() == "ratelimit" {
			broken = append(broken, selectors(f, lawArithmetic, "the judged shares no arithmetic with the judge")...)
		}
		if !r.clock {
			broken = append(broken, calls(f, clockCalls, "only the outermost rooms read the clock")...)
		}
		if !r.process {
			broken = append(broken, calls(f, processCalls, "only cmd reads the environment or ends the process")...)
		}
	}
	return broken
}

// vagueName reports a part of a folder's path that says nothing.
func vagueName(dir string) []string {
	for part := range strings.SplitSeq(dir, "/") {
		if slices.Contains(vague, part) {
			return []string{fmt.Sprintf("%s: %q says nothing of what the package is", dir, part)}
		}
	}
	return nil
}

// imports reports what a file imports of ours and its room may not. Nothing
// may import cmd, not even a room that may import everything.
func imports(module string, r room, f file) []string {
	var broken []string
	for _, spec := range f.syntax.Imports {
		imported, ok := strings.CutPrefix(importPath(spec)+"/", module+"/")
		if !ok {
			// Of all import paths, only those of the standard library have no dot before the first slash.
			if host, _, _ := strings.Cut(importPath(spec), "/"); r.leaf && strings.Contains(host, ".") {
				broken = append(broken, fmt.Sprintf("%s:%d: %s is a leaf: it must not import %s",
					f.path, f.line(spec), f.dir(), importPath(spec)))
			}
			continue
		}
		imported = strings.TrimSuffix(imported, "/")
		if imported == "" {
			imported = "."
		}
		command := imported == "cmd" || strings.HasPrefix(imported, "cmd/")
		if command || !slices.Contains(r.imports, imported) && !slices.Contains(r.imports, everything) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s must not import %s", f.path, f.line(spec), f.dir(),
				imported))
		}
	}
	return broken
}

// sizes reports a file, and each function in it, that is too long to be read
// at one go.
func sizes(f file) []string {
	var broken []string
	if f.lines > maxFile {
		broken = append(broken, fmt.Sprintf("%s: %d lines, at most %d", f.path, f.lines, maxFile))
	}
	for _, d := range f.syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := f.fset.Position(fn.Pos()).Line, f.fset.Position(fn.End()).Line
		if n := last - first + 1; n > maxFunction {
			broken = append(broken, fmt.Sprintf("%s:%d: %s has %d lines, at most %d", f.path, first, fn.Name.Name, n,
				maxFunction))
		}
	}
	return broken
}

// inits reports init functions: what they register, nobody can see or leave
// out.
func inits(f file) []string {
	var broken []string
	for _, d := range f.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			broken = append(broken, fmt.Sprintf("%s:%d: no init functions", f.path, f.line(fn)))
		}
	}
	return broken
}

// calls reports each mention of a forbidden function, called or only named,
// under whatever name its package was imported. A dot import of such a package
// would hide the mentions, so it is one itself.
func calls(f file, forbidden map[string][]string, why string) []string {
	var broken []string
	names := map[string]string{} // as this file calls the package, to its import path
	for _, spec := range f.syntax.Imports {
		p := importPath(spec)
		if forbidden[p] == nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			broken = append(broken, fmt.Sprintf("%s:%d: dot import of %s: %s", f.path, f.line(spec), p, why))
		}
		names[name] = p
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := selector.X.(*ast.Ident)
		if ok && slices.Contains(forbidden[names[x.Name]], selector.Sel.Name) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s.%s: %s", f.path, f.line(selector), names[x.Name],
				selector.Sel.Name, why))
		}
		return true
	})
	return broken
}

// importPath is a spec's path without its quotes. A path that the parser took
// can always be unquoted.
func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic("internal error: the parser let an import path through: " + spec.Path.Value)
	}
	return p
}

// selectors reports names that a file takes of anything whatever.
func selectors(f file, names []string, why string) []string {
	var broken []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(names, s.Sel.Name) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s: %s", f.path, f.line(s), s.Sel.Name, why))
		}
		return true
	})
	return broken
}
