package fold

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryScenarioShowsAClauseOfTheDefinitions(t *testing.T) {
	doc, err := os.ReadFile("../../docs/definitions.md")
	if err != nil {
		t.Fatal(err)
	}
	clauses := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^- (\d+\.\d+\.\d+) `).FindAllStringSubmatch(string(doc), -1) {
		if clauses[m[1]] {
			t.Errorf("the definitions have two clauses %s", m[1])
		}
		clauses[m[1]] = true
	}
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, file := range files {
		s := readScenario(t, file)
		clause, _, _ := strings.Cut(filepath.Base(file), "_")
		if !strings.Contains(s.intro, "\nclause "+clause+"\n") {
			t.Errorf("%s does not say that it shows clause %s", file, clause)
		}
		if !clauses[clause] {
			t.Errorf("%s shows clause %s, which the definitions do not have", file, clause)
		}
		shown[clause] = true
	}
	t.Logf("%d scenarios show %d of %d clauses", len(files), len(shown), len(clauses))
}
