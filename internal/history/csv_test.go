package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// collect gathers what is emitted as lines.
func collect(into *[]string) Emit {
	return func(_ context.Context, batch []json.RawMessage) error {
		for _, raw := range batch {
			*into = append(*into, string(raw))
		}
		return nil
	}
}

func importCSV(text string, typ plimsoll.Type) ([]string, Tally, error) {
	var got []string
	tally, err := CSV{Name: "x.csv", Reader: strings.NewReader(text), Type: typ}.Run(context.Background(), collect(&got))
	return got, tally, err
}

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		typ  plimsoll.Type
		want []string
	}{
		"deployments": {"service,environment,version,finished_at,result,planned,waited_seconds,changes,tier\n" +
			"shop,production,1.0,2026-01-02T00:00:00Z,,,,,gold\n" +
			" shop ,production,\"a \"\"b\"\",\nc\",2026-01-02T00:00:00Z,rolled_back,Yes,1e3,abc def,\n", "", []string{
			`{"service":"shop","environment":"production","version":"1.0","finished_at":"2026-01-02T00:00:00Z","tier":"gold","type":"deployment"}`,
			`{"service":"shop","environment":"production","version":"a \"b\",\nc","finished_at":"2026-01-02T00:00:00Z","result":"rolled_back","planned":true,"waited_seconds":1000,"changes":["abc","def"],"type":"deployment"}`,
		}},
		"byte order mark, semicolons, blank rows": {"\uFEFFid;services;started_at\r\n\r\nI1;shop web;2026-01-02T00:00:00Z\r\n;;\r\nI2;\"a b; c\";\r\n", "incident", []string{
			`{"id":"I1","services":["shop","web"],"started_at":"2026-01-02T00:00:00Z","type":"incident"}`,
			`{"id":"I2","services":["a b","c"],"type":"incident"}`,
		}},
		"types by row": {"type,sha,paths,pull_request,labels\nchange,abc,a b;c,12,\"{\"\"k\"\":\"\"v\"\"}\"\n,def,,\"{\"\"number\"\":3}\",plain\n", "service", []string{
			`{"sha":"abc","paths":["a b","c"],"pull_request":12,"labels":{"k":"v"},"type":"change"}`,
			`{"sha":"def","pull_request":{"number":3},"labels":"plain","type":"service"}`,
		}},
		"tabs":        {"service\tversion\nshop\t1,2\n", "", []string{`{"service":"shop","version":"1,2","type":"deployment"}`}},
		"only header": {"service,version\n", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, tally, err := importCSV(c.text, c.typ)
			if err != nil || strings.Join(got, "\n") != strings.Join(c.want, "\n") || tally.Events != len(c.want) {
				t.Errorf("%v %+v\n%s\nexpected\n%s", err, tally, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestCSVErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		words []string
	}{
		"empty":       {"", []string{"x.csv", "empty"}},
		"no name":     {"a,,b\n", []string{"column 2"}},
		"twice":       {"a,b,a\n", []string{`"a"`, "twice"}},
		"columns":     {strings.Repeat("x,", columnsMost) + "\n", []string{"501 columns"}},
		"cells":       {"a,b\n1,2\n1,2,3\n", []string{"line 3", "3 cells"}},
		"quote":       {"a,b\n1,2\n1,x\"y\n", []string{"line 3"}},
		"open quote":  {"a,b\n1,2\n1,\"y\n", []string{"x.csv: line"}},
		"very open":   {"a,b\n1,2\n1,\"" + strings.Repeat("y\n", rowBytes), []string{"after line 2", "quote"}},
		"cell":        {"a,b\n1," + strings.Repeat("y", cellBytes+1) + "\n", []string{"line 2", "column b"}},
		"encoding":    {"a,b\n1,\xe9\n", []string{"line 2", "column b", "UTF-8"}},
		"utf16":       {"\xFF\xFEa\x00", []string{"UTF-16"}},
		"bool":        {"planned\n\nperhaps\n", []string{"line 3", "column planned", "true or false"}},
		"number":      {"waited_seconds\nten\n", []string{"line 2", "column waited_seconds", "number"}},
		"not finite":  {"waited_seconds\nNaN\n", []string{"line 2", "number"}},
		"json":        {"labels\n{x\n", []string{"line 2", "column labels", "JSON"}},
		"after quote": {"a,b\n\"x\ny\",1\n1,2,3\n", []string{"line 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := importCSV(c.text, "")
			refused(t, err, c.words...)
		})
	}
}

func TestRefusedRow(t *testing.T) {
	var text strings.Builder
	text.WriteString("service,version\n")
	for i := range 4500 {
		fmt.Fprintf(&text, "shop,\"%d\n\"\n", i) // each takes two lines
	}
	calls := 0
	emit := func(_ context.Context, batch []json.RawMessage) error {
		if calls++; calls == 3 {
			return fmt.Errorf("post: %w", plimsoll.FieldErrorf("finished_at", "missing").At(7))
		}
		return nil
	}
	tally, err := CSV{Name: "x.csv", Reader: strings.NewReader(text.String())}.Run(context.Background(), emit)
	refused(t, err, fmt.Sprintf("x.csv: line %d, finished_at: missing", 2+2*4007))
	if tally.Events != 4000 {
		t.Errorf("%+v", tally)
	}
	down := errors.New("down")
	if _, err := (CSV{Reader: strings.NewReader("a\nb\n")}).Run(context.Background(), func(context.Context, []json.RawMessage) error { return down }); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	if _, err := (CSV{Reader: io.MultiReader(strings.NewReader("a\n"), failing{down})}).Run(context.Background(), nil); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzCSV(f *testing.F) {
	f.Add("service,version\nshop,\"1\n2\"\n")
	f.Add("\uFEFFtype;labels;planned;pull_request\nchange;{};1;3\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, tally, err := importCSV(text, "")
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("error of more than one line: %q", err)
		}
		for _, raw := range got {
			var event map[string]any
			if err := json.Unmarshal([]byte(raw), &event); err != nil || event["type"] == "" {
				t.Errorf("%q: %v", raw, err)
			}
		}
		if tally.Events != len(got) {
			t.Errorf("%+v for %d events", tally, len(got))
		}
	})
}
