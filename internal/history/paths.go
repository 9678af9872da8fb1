package history

import (
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// The paths of a change are directories down to pathDepth, the same whichever
// service is imported, so that two services of one repository agree. A change
// with more than pathMost of them states none, which means it is everyone's.
const (
	pathDepth = 6
	pathMost  = 100
	pathBytes = 16 << 10
)

// touched collects the directories of a commit. The zero value is empty.
type touched struct {
	dirs map[string]bool
	last string
	over bool
}

func (t *touched) add(file string) {
	if t.over {
		return
	}
	dir := directory(file)
	if dir == t.last {
		return
	}
	t.last = dir
	if t.dirs == nil {
		t.dirs = make(map[string]bool)
	}
	t.dirs[dir] = true
	// Each of the directories that list keeps hides at most depth−1 others.
	t.over = len(t.dirs) > pathMost*pathDepth+1
}

// list returns the directories in order, leaving out those that contain
// another: what owns the outer owns the inner.
func (t *touched) list() []string {
	if t.over || len(t.dirs) == 0 {
		return nil
	}
	inner := make(map[string]bool, len(t.dirs))
	for dir := range t.dirs {
		inner[dir] = true
	}
	for dir := range t.dirs {
		for up := parent(dir); up != ""; up = parent(up) {
			delete(inner, up)
		}
	}
	out, size := make([]string, 0, len(inner)), 0
	for dir := range inner {
		out = append(out, dir)
		size += len(dir)
	}
	if len(out) > pathMost || size > pathBytes {
		return nil
	}
	slices.Sort(out)
	return out
}

// parent is the directory around dir; "." is around the outermost ones.
func parent(dir string) string {
	if dir == "." {
		return ""
	}
	if i := strings.LastIndexByte(dir, '/'); i > 0 {
		return dir[:i]
	}
	return "."
}

func directory(file string) string {
	end, depth := 0, 0
	for i := range len(file) {
		if file[i] == '/' {
			end = i
			if depth++; depth == pathDepth {
				break
			}
		}
	}
	if end == 0 {
		return "."
	}
	return strings.ToValidUTF8(file[:end], "\uFFFD")
}

// cleanPaths brings the paths of a service into the form in which changes
// state theirs.
func cleanPaths(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		c := path.Clean(strings.TrimSpace(p))
		switch {
		case strings.TrimSpace(p) == "":
			continue
		case path.IsAbs(c) || c == ".." || strings.HasPrefix(c, "../"):
			return nil, plimsoll.FieldErrorf("paths", "%q: expected a folder within the repository, like services/checkout", p)
		case strings.Count(c, "/") >= pathDepth:
			return nil, plimsoll.FieldErrorf("paths", "%q is more than %d folders deep; name a folder further up", p, pathDepth)
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out, nil
}
