package foreign

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

var (
	// marginForm is a name that is given a value at its line's beginning.
	marginForm = regexp.MustCompile(`(?m)^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=[ \t]*([^=\n][^\n]*)$`)
	// givenForm is how a name that stands before it may be given a value, and namedForm one behind it.
	givenForm = regexp.MustCompile(`^[ \t]*(?::[^=\n()]*)?(?:[-+*/%&|^@<>]*)=(?:[^=]|$)`)
	namedForm = regexp.MustCompile(`\b(?:global|nonlocal|for|import|as|del|def|class|with)\b[^\n:=]*$`)
	// severalForm is a line that gives values to several names.
	severalForm = regexp.MustCompile(`^[ \t(]*\*?\w+[ \t]*,[^=]*=(?:[^=]|$)`)
)

// figure is what an expression of a Python file comes to: of numbers, of constants of the file, and
// of + - * / with brackets. It is false where only the program knows.
func figure(code, expression string) (float64, bool) { return figureOf(code, expression, 8) }

func figureOf(code, expression string, deep int) (float64, bool) {
	parsed, err := parser.ParseExpr(expression)
	if err != nil || deep == 0 || strings.Contains(expression, "//") { // which Go takes for a comment
		return 0, false
	}
	return value(code, parsed, deep)
}

func value(code string, e ast.Expr, deep int) (float64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.INT && e.Kind != token.FLOAT {
			return 0, false
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(e.Value, "_", ""), 64)
		return n, err == nil
	case *ast.ParenExpr:
		return value(code, e.X, deep)
	case *ast.Ident:
		text, ok := constant(code, e.Name)
		if !ok {
			return 0, false
		}
		return figureOf(code, text, deep-1)
	case *ast.BinaryExpr:
		x, ok := value(code, e.X, deep)
		y, known := value(code, e.Y, deep)
		if !ok || !known {
			return 0, false
		}
		switch e.Op {
		case token.ADD:
			return x + y, true
		case token.SUB:
			return x - y, true
		case token.MUL:
			return x * y, true
		case token.QUO:
			return x / y, y != 0
		}
	}
	return 0, false
}

// constant is what a name is given at the file's margin, where nothing else in the file may give it
// another value.
func constant(code, name string) (string, bool) {
	found, times := "", 0
	for _, m := range marginForm.FindAllStringSubmatch(code, -1) {
		if m[1] == name {
			found = strings.TrimSpace(m[2])
		}
	}
	for _, at := range regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).FindAllStringIndex(code, -1) {
		begin := strings.LastIndex(code[:at[0]], "\n") + 1
		line, _, _ := strings.Cut(code[begin:], "\n")
		if namedForm.MatchString(code[begin:at[0]]) || severalForm.MatchString(line) {
			return "", false
		}
		if givenForm.MatchString(code[at[1]:]) {
			times++
		}
	}
	return found, found != "" && times == 1
}
