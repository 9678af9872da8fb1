package house

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	report(t, sources(checkArrows)(tree(t)))
}

func TestRoomsNeverImportWhatTheirReasonForbids(t *testing.T) {
	report(t, sources(checkNevers)(tree(t)))
}

func TestRoomsNeverReachIndirectlyWhatTheirReasonForbids(t *testing.T) {
	report(t, checkReach(builtGraph(t)))
}

func TestTheTableOfRoomsAgreesWithItself(t *testing.T) {
	all := everyRoomBut()
	for _, r := range rooms {
		if !slices.Contains(all, r.name) {
			t.Errorf("everyRoomBut forgets %s", r.name)
		}
	}
	known := func(where string, list []string) {
		for _, name := range list {
			if roomNamed(name) == nil {
				t.Errorf("%s names %s, which is no room", where, name)
			}
		}
	}
	known("everyRoomBut", all)
	known("clockless", clockless)
	for _, r := range rooms {
		known("room "+r.name, r.imports)
	}
	for _, n := range nevers {
		known(strconv.Quote(n.because), n.rooms)
	}
}

// checkArrows holds every import within the module against the table of rooms.
func checkArrows(files []goFile) []finding {
	var found []finding
	unknown := map[string]bool{}
	for _, f := range files {
		if !f.shipped() {
			continue
		}
		from := roomNamed(f.room)
		if from == nil {
			if !unknown[f.dir] {
				found = append(found, finding{f.dir, "is a room without a rule: say what it may import", "a room that nobody placed ends up importing everything"})
			}
			unknown[f.dir] = true
			continue
		}
		for p, pos := range f.imports() {
			to := roomOf(p)
			if !isLocal(p) || to == from.name || to == "root" || isSupport(p) || slices.Contains(from.imports, to) {
				continue
			}
			allowed := strings.Join(append([]string{"root"}, from.imports...), ", ")
			if from.name == "root" {
				allowed = "no other room"
			}
			found = append(found, finding{f.at(pos), "imports " + p + ", and may import only: " + allowed, "arrows run one way"})
		}
	}
	return found
}

// checkNevers holds every direct import against the list of nevers.
func checkNevers(files []goFile) []finding {
	var found []finding
	for _, f := range files {
		if f.test {
			continue
		}
		for _, n := range nevers {
			if !slices.Contains(n.rooms, f.room) || f.support && slices.Contains(n.imports, testSupport) {
				continue
			}
			for p, pos := range f.imports() {
				if n.forbids(f.room, p) {
					found = append(found, finding{f.at(pos), "imports " + p + ", which " + f.room + " never does", n.because})
				}
			}
		}
	}
	return found
}

// checkReach follows the imports of each package as far as they go, and holds
// what it meets on the way against the nevers that hold indirectly.
func checkReach(graph map[string][]string) []finding {
	var found []finding
	for _, from := range slices.Sorted(maps.Keys(graph)) {
		if !isLocal(from) || isSupport(from) {
			continue
		}
		came := map[string]string{from: ""}
		for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
			for _, p := range graph[queue[0]] {
				if _, seen := came[p]; seen {
					continue
				}
				came[p] = queue[0]
				queue = append(queue, p)
			}
		}
		for _, n := range nevers {
			if !n.evenIndirectly || !slices.Contains(n.rooms, roomOf(from)) {
				continue
			}
			for _, p := range slices.Sorted(maps.Keys(came)) {
				// What the standard library and others do among themselves is theirs,
				// but what it brings along is ours.
				if p == from || !n.forbids(roomOf(from), p) {
					continue
				}
				way := []string{p}
				for at := came[p]; at != ""; at = came[at] {
					way = append([]string{at}, way...)
				}
				found = append(found, finding{from, "reaches " + strings.Join(way, " > "), n.because})
				break // the first is enough: the others mostly lie behind it
			}
		}
	}
	return found
}

func (n never) forbids(room, p string) bool {
	if isLocal(p) && roomOf(p) == room && !isSupport(p) {
		return false
	}
	for _, pattern := range n.imports {
		switch pattern {
		case thirdParty:
			if first, _, _ := strings.Cut(p, "/"); !isLocal(p) && strings.Contains(first, ".") {
				return true
			}
		case testSupport:
			if isLocal(p) && isSupport(p) {
				return true
			}
		default:
			all, ok := strings.CutSuffix(pattern, "/...")
			if p == all || ok && strings.HasPrefix(p, all+"/") {
				return true
			}
		}
	}
	return false
}

func isLocal(p string) bool { return p == "." || strings.HasPrefix(p, "./") }

// builtGraph asks the go command what every package of the module imports, and
// what those import in turn.
func builtGraph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	graph := map[string][]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for _, i := range p.Imports {
			graph[local(p.ImportPath)] = append(graph[local(p.ImportPath)], local(i))
		}
	}
	if len(graph["."]) == 0 {
		t.Fatal("go list: the root package imports nothing; was it listed?")
	}
	return graph
}

// writtenGraph reads the same from the sources of a fixture, in which the
// packages of others lie in the folder "others".
func writtenGraph(fsys fs.FS) map[string][]string {
	graph := map[string][]string{}
	files, err := parse(fsys)
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		from, ok := strings.CutPrefix(f.dir, "others/")
		if !ok {
			from = local(path.Join(module, f.dir))
		}
		for p := range f.imports() {
			graph[from] = append(graph[from], p)
		}
	}
	return graph
}
