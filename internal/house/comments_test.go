package house

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIsForAndWhatItRefuses(t *testing.T) {
	report(t, sources(checkComments)(tree(t)))
}

func checkComments(files []goFile) []finding {
	const because = "a newcomer reads the package comment first, and two of them disagree sooner or later"
	type doc struct{ at, text string }
	docs := map[string][]doc{}
	for _, f := range files {
		key := f.dir
		if f.test {
			key += " (tests)"
		}
		docs[key] = append(docs[key], []doc{}...)
		if f.ast.Doc != nil {
			docs[key] = append(docs[key], doc{f.path, f.ast.Doc.Text()})
		}
	}
	var found []finding
	for _, key := range slices.Sorted(maps.Keys(docs)) {
		dir, tests := strings.CutSuffix(key, " (tests)")
		if _, both := docs[dir]; tests && both {
			continue // the comment stands in the package, not in its tests
		}
		switch list := docs[key]; {
		case len(list) == 0:
			found = append(found, finding{dir, "has no package comment", because})
		case len(list) > 1:
			found = append(found, finding{dir, fmt.Sprintf("has %d package comments: in %s and %s", len(list), list[0].at, list[1].at), because})
		case sentences(list[0].text) < 2:
			found = append(found, finding{list[0].at, "has a package comment of one sentence: say what the package is for and what it refuses", because})
		}
	}
	return found
}

var (
	shortened   = regexp.MustCompile(`\b(e\.g|i\.e|etc|vs|cf)\.`)
	sentenceEnd = regexp.MustCompile(`[\pL\pN)"'” ` + "`" + `][.!?][)"'”]?(\s|$)`)
)

func sentences(text string) int {
	return len(sentenceEnd.FindAllString(shortened.ReplaceAllString(text, "$1"), -1))
}
