package house

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNothingInTheTreeBelongsToOneMachine(t *testing.T) {
	report(t, checkTree(tree(t)))
}

func TestNoShippedFileHasOutgrownItsRoom(t *testing.T) {
	report(t, sources(checkLengths)(tree(t)))
}

const (
	longest  = 500     // lines of a shipped file
	heaviest = 1 << 20 // bytes of a binary file
)

// slash stands apart so that this file does not name what it looks for.
const slash = "/"

var (
	// machinePath is an absolute path below somebody's home or work folder. What
	// follows a letter or a slash is a part of an address or of a longer path.
	machinePath = regexp.MustCompile(`(?:^|[^\pL\pN_.~/-])(` + slash + `(?:root|work|(?:home|Users)/[A-Za-z0-9._-]+)` + slash + `)`)
	// hostName is the address of somebody's server.
	hostName = regexp.MustCompile(`[a-z]+:` + slash + slash + `|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|cn)\b`)
)

func checkTree(fsys fs.FS) []finding {
	var found []finding
	ignored := ignoredBy(fsys)
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // someone just moved it
			return nil
		case err != nil:
			return err
		case d.IsDir() && (p == ".git" || ignored(p, true)):
			return fs.SkipDir
		case p == ".git": // a file that points elsewhere: a second work tree of git
			return nil
		case !d.Type().IsRegular() || ignored(p, false):
			return nil
		}
		content, err := fs.ReadFile(fsys, p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !isText(content):
			if len(content) > heaviest {
				found = append(found, finding{p, fmt.Sprintf("is a binary file of %d kB", len(content)>>10), "every clone carries it for ever: make it during the test, or keep it smaller"})
			}
		default:
			found = append(found, checkLines(p, string(content))...)
		}
		return nil
	})
	if err != nil {
		found = append(found, finding{"the tree", err.Error(), "a rule can be checked only on files that can be read"})
	}
	return found
}

func checkLines(p, content string) []finding {
	var found []finding
	builds := p == "Makefile" || strings.HasPrefix(p, ".ci/")
	n := 0
	for line := range strings.SplitSeq(content, "\n") {
		n++
		at := fmt.Sprintf("%s:%d", p, n)
		if m := machinePath.FindStringSubmatch(line); m != nil {
			found = append(found, finding{at, "names " + m[1] + ", a folder of one machine", "it must work in a fresh clone anywhere"})
		}
		if host := hostName.FindString(line); builds && host != "" {
			found = append(found, finding{at, "names the host " + host, "where things come from is the choice of the machine that builds"})
		}
	}
	return found
}

func checkLengths(files []goFile) []finding {
	var found []finding
	for _, f := range files {
		if f.shipped() && f.lines >= longest && !ast.IsGenerated(f.ast) {
			found = append(found, finding{f.path, fmt.Sprintf("has %d lines: ask what second thing it has become", f.lines), "a file says one thing, in about 200 lines"})
		}
	}
	return found
}

func isText(content []byte) bool {
	head := content[:min(len(content), 8000)]
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	// The cut may have gone through a character.
	for range utf8.UTFMax {
		if utf8.Valid(head) || len(head) == 0 {
			return true
		}
		head = head[:len(head)-1]
	}
	return false
}

// ignoredBy reads as much of .gitignore as ours uses: names and globs at any
// depth, rooted by a leading slash, for folders only with a trailing one.
func ignoredBy(fsys fs.FS) func(p string, dir bool) bool {
	content, _ := fs.ReadFile(fsys, ".gitignore")
	patterns := strings.Fields(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(string(content), ""))
	return func(p string, dir bool) bool {
		for _, pattern := range patterns {
			name, onlyDir := strings.CutSuffix(pattern, "/")
			name, rooted := strings.CutPrefix(name, "/")
			subject := path.Base(p)
			if rooted || strings.Contains(name, "/") {
				subject = p
			}
			if ok, _ := path.Match(name, subject); ok && (dir || !onlyDir) {
				return true
			}
		}
		return false
	}
}
