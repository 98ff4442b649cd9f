//go:build unix

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// swaps are the operators that are easily mistaken for each other.
var swaps = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD},
	token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.QUO},
	token.ADD_ASSIGN: {token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ADD_ASSIGN},
	token.INC: {token.DEC}, token.DEC: {token.INC},
	token.BREAK: {token.CONTINUE}, token.CONTINUE: {token.BREAK},
}

// wordSwaps are the words that are.
var wordSwaps = map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}

// A finder collects the mutants of one file.
type finder struct {
	file   *token.File
	path   string
	source []byte
	fn     string
	found  []mutant
	seen   map[string]int
}

// find returns every mutant of a file. Some don't compile (a string is added,
// never subtracted): the compiler says so, and they don't count.
func find(path string, source []byte) ([]mutant, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	f := &finder{file: set.File(parsed.FileStart), path: path, source: source, seen: map[string]int{}}
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		f.fn = fn.Name.Name
		ast.Inspect(fn.Body, f.visit)
	}
	return f.found, nil
}

// add notes one mutant: the bytes from begin to end become text, shown with the
// node around them.
func (f *finder) add(around ast.Node, begin token.Pos, length int, text string) {
	low, high, at := f.file.Offset(around.Pos()), f.file.Offset(around.End()), f.file.Offset(begin)
	m := newMutant(f.source, low, high, at, at+length, text)
	m.file, m.fn = f.path, f.fn
	same := fmt.Sprintf("%s|%s|%s", m.fn, m.from, m.to)
	f.seen[same]++
	m.nth = f.seen[same]
	f.found = append(f.found, m)
}

// visit notes the mutants of one node.
func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		// The base and the size of a number that is parsed: 64 bits and 65 are one.
		if of, ok := n.Fun.(*ast.SelectorExpr); ok && named(of.X, "strconv") {
			ast.Inspect(n.Args[0], f.visit)
			return false
		} else if ok && named(of.X, "math") && of.Sel.Name == "Inf" && isOne(n.Args[0]) {
			return false // all that is asked of it is its sign
		}
	case *ast.ReturnStmt:
		return f.result(n)
	case *ast.BinaryExpr:
		if n.Op == token.ADD && (isText(n.X) || isText(n.Y)) {
			break
		}
		f.swap(n, n.OpPos, n.Op)
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			f.add(n, n.OpPos, 1, "")
		}
		if n.Op == token.SUB && isOne(n.X) {
			return false // that there is none, or the sign of something: -2 says the same
		}
	case *ast.IncDecStmt:
		f.swap(n, n.TokPos, n.Tok)
		f.remove(n)
	case *ast.AssignStmt:
		f.swap(n, n.TokPos, n.Tok)
		if n.Tok != token.DEFINE {
			f.remove(n)
		}
	case *ast.ExprStmt, *ast.DeferStmt:
		f.remove(n)
	case *ast.BranchStmt:
		if n.Label == nil {
			f.swap(n, n.TokPos, n.Tok)
		}
	case *ast.IfStmt:
		f.condition(n.Cond)
	case *ast.BasicLit:
		f.number(n)
	case *ast.Ident:
		if other, ok := wordSwaps[n.Name]; ok {
			f.add(n, n.Pos(), len(n.Name), other)
		}
	}
	return true
}

// result passes over the 0 that a function returns beside an error: nobody may
// look at it.
func (f *finder) result(n *ast.ReturnStmt) bool {
	if len(n.Results) < 2 {
		return true
	}
	for _, r := range n.Results {
		if zero, ok := r.(*ast.BasicLit); !ok || zero.Value != "0" {
			ast.Inspect(r, f.visit)
		}
	}
	return false
}

// swap puts other operators in an operator's place.
func (f *finder) swap(around ast.Node, at token.Pos, op token.Token) {
	for _, other := range swaps[op] {
		f.add(around, at, len(op.String()), other.String())
	}
}

// remove leaves a statement out.
func (f *finder) remove(n ast.Node) {
	f.add(n, n.Pos(), int(n.End()-n.Pos()), "")
}

// condition turns a condition round where no operator in it can be.
func (f *finder) condition(n ast.Expr) {
	switch n.(type) {
	case *ast.BinaryExpr, *ast.UnaryExpr:
		return
	}
	length := int(n.End() - n.Pos())
	low := f.file.Offset(n.Pos())
	f.add(n, n.Pos(), length, "!("+string(f.source[low:low+length])+")")
}

// number adds one to a whole number.
func (f *finder) number(n *ast.BasicLit) {
	if n.Kind != token.INT {
		return
	}
	if v, err := strconv.ParseInt(n.Value, 0, 32); err == nil {
		f.add(n, n.Pos(), len(n.Value), strconv.FormatInt(v+1, 10))
	}
}

// named tells whether an expression is one name.
func named(n ast.Expr, name string) bool {
	id, ok := n.(*ast.Ident)
	return ok && id.Name == name
}

// isOne tells whether an expression is the number 1.
func isOne(n ast.Expr) bool {
	one, ok := n.(*ast.BasicLit)
	return ok && one.Value == "1"
}

// isText tells whether an expression is a text, as far as it shows.
func isText(n ast.Expr) bool {
	switch n := n.(type) {
	case *ast.BasicLit:
		return n.Kind == token.STRING
	case *ast.BinaryExpr:
		return n.Op == token.ADD && (isText(n.X) || isText(n.Y))
	}
	return false
}
