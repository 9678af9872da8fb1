package observe

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Dashboards and alerts are written from the document, so it must be true.
func TestTheDocumentAndTheExpositionNameTheSameMetrics(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string]bool{}
	for line := range strings.Lines(scrape(t, busy().Handler())) {
		if name, ok := strings.CutPrefix(line, "# TYPE plimsoll_"); ok {
			name, _, _ = strings.Cut(name, " ")
			exported["plimsoll_"+name] = true
		}
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bplimsoll_[a-z_]+`).FindAllString(string(text), -1) {
		if base := strings.TrimSuffix(name, "_bucket"); exported[base] {
			name = base
		}
		named[name] = true
	}
	for name := range exported {
		if !named[name] {
			t.Errorf("%s is exported, and the document does not say what it means", name)
		}
	}
	for name := range named {
		if !exported[name] {
			t.Errorf("the document names %s, which is not exported", name)
		}
	}
	if len(exported) < 20 {
		t.Errorf("only %d metrics are exported", len(exported))
	}
}
