// Package house holds the rules of the source tree as tests: which room may
// import which, where there must be no clock, what a package and a document
// owe their reader. It ships nothing and refuses to judge style; each rule
// carries the reason for it, and each is tried on a tree that breaks it.
//
// The rules are data in rules_test.go. Whoever needs an arrow that is not
// there adds it in the same change, and says why in the commit.
package house

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the root. Fixtures use it too.
const module = "github.com/plimsoll-dev/plimsoll"

// finding is one place that breaks one rule.
type finding struct {
	at      string // file, file:line, or folder
	says    string // what is wrong there
	because string // the reason of the rule
}

func (f finding) String() string { return f.at + ": " + f.says + ", because " + f.because }

// tree is the module as it lies on disk.
func tree(t *testing.T) fs.FS {
	t.Helper()
	root := os.DirFS("../..")
	mod, err := fs.ReadFile(root, "go.mod")
	if err != nil || !strings.HasPrefix(string(mod), "module "+module+"\n") {
		t.Fatalf("two folders up is not the root of %s: %v", module, err)
	}
	return root
}

// report fails the test with every finding at once: whoever moved a file wants
// the whole list, not the first line of it.
func report(t *testing.T, found []finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// goFile is one parsed source file.
type goFile struct {
	path    string
	dir     string
	room    string
	test    bool // a _test.go file
	support bool // in a folder of test support, such as storetest
	lines   int
	ast     *ast.File
	set     *token.FileSet
}

// at names a place in the file.
func (f goFile) at(p token.Pos) string {
	return f.path + ":" + strconv.Itoa(f.set.Position(p).Line)
}

// shipped reports whether the file ends up in something that users run.
func (f goFile) shipped() bool { return !f.test && !f.support }

// imports maps the path of each import to its place. Paths are written as the
// rules write them, see local.
func (f goFile) imports() map[string]token.Pos {
	m := map[string]token.Pos{}
	for _, spec := range f.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			m[local(p)] = spec.Pos()
		}
	}
	return m
}

// local writes an import path of this module as ./folder, the root as ".", so
// that nothing of the standard library or of others looks the same.
func local(importPath string) string {
	if importPath == module {
		return "."
	}
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return "./" + rest
	}
	return importPath
}

// roomOf names the room of a folder. Folders within a room belong to it, and a
// folder outside of any room is its own, so that the table can miss it.
func roomOf(dir string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(dir, "./"), "/")
	next, _, _ := strings.Cut(rest, "/")
	switch {
	case first == ".":
		return "root"
	case first == "internal" && next != "":
		return next
	case first == "cmd" && next != "":
		return "cmd/" + next
	}
	return first
}

// isSupport reports whether a folder holds test support: its last name is that
// of a room followed by "test", like net/http/httptest.
func isSupport(dir string) bool {
	of, ok := strings.CutSuffix(path.Base(dir), "test")
	return ok && (of == path.Base(module) || roomNamed(of) != nil)
}

// parse reads every Go file of the module. Folders that the go command leaves
// out, and modules within the module, are left out here too.
func parse(fsys fs.FS) ([]goFile, error) {
	var files []goFile
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // someone just moved it
			return nil
		case err != nil:
			return err
		case d.IsDir():
			return enter(fsys, p)
		case !strings.HasSuffix(p, ".go"):
			return nil
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		dir := path.Dir(p)
		files = append(files, goFile{
			path: p, dir: dir, room: roomOf(dir), ast: tree, set: set,
			test: strings.HasSuffix(p, "_test.go"), support: isSupport(dir),
			lines: strings.Count(string(src), "\n"),
		})
		return nil
	})
	return files, err
}

func enter(fsys fs.FS, dir string) error {
	base := path.Base(dir)
	if dir == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, dir+"/go.mod"); err == nil {
		return fs.SkipDir
	}
	return nil
}

// sources parses a tree, and makes a file that does not parse a finding.
func sources(check func([]goFile) []finding) func(fs.FS) []finding {
	return func(fsys fs.FS) []finding {
		files, err := parse(fsys)
		if err != nil {
			return []finding{{"the tree", err.Error(), "a rule can be checked only on files that parse"}}
		}
		return check(files)
	}
}
