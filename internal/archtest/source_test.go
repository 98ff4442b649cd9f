package archtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// A file is one parsed source file that ships.
type file struct {
	path   string // from the module's root, with slashes
	lines  int
	fset   *token.FileSet
	syntax *ast.File
}

// dir is the folder that the file is in: its package, by its path from the
// module's root.
func (f file) dir() string { return path.Dir(f.path) }

// line is where a node starts.
func (f file) line(n ast.Node) int { return f.fset.Position(n.Pos()).Line }

// readModule parses every source file of the module that ships, whatever its
// build tags. As the go command does, it passes over testdata, vendor and what
// starts with a dot or an underscore. A tree without such a file is an error:
// a check of nothing must not pass.
func readModule(tree fs.FS) (module string, files []file, err error) {
	mod, err := fs.ReadFile(tree, "go.mod")
	if err != nil {
		return "", nil, err
	}
	module, err = modulePath(mod)
	if err != nil {
		return "", nil, err
	}
	err = fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case p != "." && d.IsDir() && (passedOver(d.Name()) || ownModule(tree, p)):
			return fs.SkipDir
		case d.IsDir() || passedOver(d.Name()) || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		f, err := parseFile(tree, p)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if len(files) == 0 {
		return "", nil, errors.New("archtest: no Go file found that ships")
	}
	return module, files, nil
}

// ownModule reports if a folder is a module of its own: it isn't part of what
// ships.
func ownModule(tree fs.FS, dir string) bool {
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

// passedOver reports if the go command ignores a file or folder of this name.
func passedOver(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func parseFile(tree fs.FS, p string) (file, error) {
	source, err := fs.ReadFile(tree, p)
	if err != nil {
		return file{}, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, p, source, parser.SkipObjectResolution)
	if err != nil {
		return file{}, fmt.Errorf("archtest: %w", err)
	}
	return file{path: p, lines: bytes.Count(source, []byte("\n")), fset: fset, syntax: syntax}, nil
}

// modulePath reads the module line of a go.mod file.
func modulePath(mod []byte) (string, error) {
	for line := range strings.Lines(string(mod)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("archtest: go.mod has no module line")
}
