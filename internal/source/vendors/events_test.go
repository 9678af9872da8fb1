package vendors

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Each delivery of the test data gives exactly these events, or the reason why
// there are none. When a decoder changes on purpose PLIMSOLL_GOLDEN=write writes
// the file anew; read the difference.
func TestEachDeliveryGivesExactlyTheseEvents(t *testing.T) {
	var b strings.Builder
	for _, s := range All() {
		for _, x := range kits[s.Name].samples(t) {
			fmt.Fprintf(&b, "%s\n", x.name)
			_, events, err := take(s, x, kits[s.Name].options)
			switch {
			case source.IsIgnored(err):
				fmt.Fprintf(&b, "  ignored: %v\n", err)
			case err != nil:
				fmt.Fprintf(&b, "  undecodable: %v\n", err)
			}
			for _, e := range events {
				fmt.Fprintf(&b, "  %s %s at %s %s\n", e.Type, e.Subject, e.OccurredAt, e.Body)
			}
		}
	}
	path := filepath.Join("testdata", "events.txt")
	if os.Getenv("PLIMSOLL_GOLDEN") == "write" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(wanted) {
			w = wanted[i]
		}
		if g != w {
			t.Errorf("line %d:\n%s\nwant\n%s", i+1, g, w)
		}
	}
}
