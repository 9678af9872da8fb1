package history

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// gathered collects what an importer hands on.
func gathered(into *[]string) Emit {
	return func(_ context.Context, batch []json.RawMessage) error {
		for _, b := range batch {
			*into = append(*into, string(b))
		}
		return nil
	}
}

func TestARowOfACSVIsAnEvent(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"a deployment", "service,environment,finished_at\nshop,production,2026-01-02T00:00:00Z\n",
			`{"type":"deployment","service":"shop","environment":"production","finished_at":"2026-01-02T00:00:00Z"}`},
		{"an empty cell states nothing", "service,version\nshop,\n", `{"type":"deployment","service":"shop"}`},
		{"a byte order mark and CRLF", "\ufeffservice,version\r\nshop,v1\r\n", `{"type":"deployment","service":"shop","version":"v1"}`},
		{"a type of its own", "type,id,services\nincident,I1,shop web\n", `{"type":"incident","id":"I1","services":["shop","web"]}`},
		{"a list with semicolons", "service,changes\nshop,a;b\n", `{"type":"deployment","service":"shop","changes":["a","b"]}`},
		{"a quoted line break", "service,url\nshop,\"a\nb\"\n", `{"type":"deployment","service":"shop","url":"a\nb"}`},
		{"semicolons between columns", "service;version\nshop;v1\n", `{"type":"deployment","service":"shop","version":"v1"}`},
		{"numbers and truth", "service,planned,waited_seconds\nshop,true,1.5\n", `{"type":"deployment","service":"shop","planned":true,"waited_seconds":1.5}`},
		{"a column of nobody", "service,color\nshop,red\n", `{"type":"deployment","service":"shop","color":"red"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			tally, err := CSV{Reader: strings.NewReader(c.file)}.Run(context.Background(), gathered(&got))
			if err != nil || len(got) != 1 || tally.Events != 1 {
				t.Fatalf("%d events, %v", len(got), err)
			}
			var a, b map[string]any
			if json.Unmarshal([]byte(got[0]), &a) != nil || json.Unmarshal([]byte(c.want), &b) != nil {
				t.Fatalf("no JSON: %s", got[0])
			}
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			if string(x) != string(y) {
				t.Errorf("got  %s\nwant %s", x, y)
			}
		})
	}
}

func TestAMistakeInAFileIsNamedWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, csv, want string }{
		{"too few cells", "service,version\nshop,v1\nshop\n", "line 3"},
		{"no header", "", "header"},
		{"a header twice", "service,service\nshop,x\n", "service"},
		{"a cell that is no truth", "service,planned\nshop,maybe\n", "line 2"},
		{"a quote left open", "service,version\nshop,\"v1\n", "line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			_, err := CSV{Name: "x.csv", Reader: strings.NewReader(c.csv)}.Run(context.Background(), gathered(&got))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, expected one line with %q", err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, lines, want string }{
		{"no JSON", "{\"a\":1}\n\nnonsense\n", "line 3"},
		{"an array", "[1]\n", "line 1"},
		{"two objects on a line", "{} {}\n", "line 1"},
		{"a line without end", strings.Repeat("x", lineBytes+10), "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			_, err := JSONL{Name: "x.jsonl", Reader: strings.NewReader(c.lines)}.Run(context.Background(), gathered(&got))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, expected one line with %q", err, c.want)
			}
		})
	}
}

func TestARefusalOfTheServerNamesTheLineOfTheFile(t *testing.T) {
	refuse := func(context.Context, []json.RawMessage) error {
		return plimsoll.FieldErrorf("finishd_at", "unknown field").At(1)
	}
	_, err := JSONL{Name: "x.jsonl", Reader: strings.NewReader("\n{}\n\n{\"finishd_at\":1}\n")}.Run(context.Background(), refuse)
	if err == nil || !strings.Contains(err.Error(), "line 4") || !strings.Contains(err.Error(), "finishd_at") {
		t.Errorf("JSON lines: %v", err)
	}
	_, err = CSV{Name: "x.csv", Reader: strings.NewReader("service\na\nb\n")}.Run(context.Background(), refuse)
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("CSV: %v", err)
	}
}

func TestAFileIsHandedOnInBoundedBatchesAndInOrder(t *testing.T) {
	var lines strings.Builder
	for range 4500 {
		lines.WriteString("{\"type\":\"service\",\"name\":\"x\"}\n")
	}
	var sizes []int
	tally, err := JSONL{Reader: strings.NewReader(lines.String())}.Run(context.Background(), func(_ context.Context, b []json.RawMessage) error {
		sizes = append(sizes, len(b))
		return nil
	})
	total := 0
	for _, n := range sizes {
		total += n
		if n > 2000 {
			t.Errorf("a batch of %d", n)
		}
	}
	if err != nil || total != 4500 || tally.Events != 4500 || tally.Lines != 4500 {
		t.Errorf("%d events, tally %+v, %v", total, tally, err)
	}
}

func FuzzRecogniseNeverPanics(f *testing.F) {
	f.Add("Merge pull request #12 from a/b", "This reverts commit 0123456789012345678901234567890123456789.", true)
	f.Add("Fix the thing (#7)", "", false)
	f.Add("Revert \"x\"", "See merge request g/p!9", true)
	f.Fuzz(func(_ *testing.T, subject, body string, merge bool) {
		m := recognise(subject, body, merge)
		if m.number < 0 {
			panic("a pull request below zero")
		}
		_ = clean(subject, 200)
	})
}
