package oracle

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tally counts what became of the cases of one grade.
type tally struct{ run, equal, explained int }

// board collects the tallies of cases that run side by side.
type board struct {
	mu     sync.Mutex
	grades map[string]*tally
	used   map[string]bool // rows of the table that a case came to
}

func (b *board) add(grade string, differs int, used []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.grades[grade]
	if g == nil {
		g = &tally{}
		b.grades[grade] = g
	}
	g.run++
	switch {
	case differs > 0:
		g.explained++
	default:
		g.equal++
	}
	for _, u := range used {
		b.used[u] = true
	}
}

func TestEveryCaseOfOtherToolsIsEqualOrExplained(t *testing.T) {
	cases := readCases(t)
	b := &board{grades: map[string]*tally{}, used: map[string]bool{}}
	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				c.check(t, b)
			})
		}
	})
	ran := 0
	for _, grade := range []string{"core", "definition", "quirk"} {
		g := b.grades[grade]
		if g == nil {
			continue
		}
		ran += g.run
		t.Logf("%-10s %3d run, %3d equal, %3d explained", grade, g.run, g.equal, g.explained)
	}
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // somebody looks at a single case
	}
	if ran < len(cases) || ran == 0 {
		t.Errorf("%d cases ran of %d in the folder", ran, len(cases))
	}
	if t.Failed() {
		return // a case that failed may have left its rows over
	}
	for _, r := range differences {
		if !b.used[r.key()] {
			t.Errorf("the table explains %s of %s, and no case has it", r.field, r.name)
		}
	}
}

// check feeds one case to a server and holds each of its fields against ours.
func (c *oracleCase) check(t *testing.T, b *board) {
	events := c.wire
	if c.expects("deployed_pull_requests") {
		events = c.branches
	}
	if c.reviewed() {
		events = c.reviews
	}
	w := &world{server: newServer(t, events()), oracleCase: c}
	w.from, w.to = c.window()
	w.now = w.measures("org", w.from, w.to)
	differs := 0
	var used []string
	for _, field := range c.compared() {
		r, ok := w.read(field)
		if !ok {
			t.Errorf("%s: nobody reads this field of theirs", field)
			continue
		}
		row := explained(c.Name, field)
		theirs := c.Expect[field]
		if same(theirs, r.ours) {
			if row != nil {
				t.Errorf("%s: the table explains a difference, and both are %s", field, show(theirs))
			}
			continue
		}
		differs++
		switch {
		case row == nil:
			t.Errorf("%s: theirs %s, ours %s, and the table does not say why", field, show(theirs), show(r.ours))
		case c.Grade == "core" || slices.Contains(c.CoreFields, field):
			t.Errorf("%s: theirs %s, ours %s, though every correct tool agrees", field, show(theirs), show(r.ours))
		default:
			used = append(used, row.key())
			row.check(t, theirs, r)
		}
	}
	b.add(c.Grade, differs, used)
}

// check holds a row of the table against what it is about.
func (d *difference) check(t *testing.T, theirs any, got reading) {
	t.Helper()
	if d.theirs != show(theirs) {
		t.Errorf("%s: the table says theirs is %s, it is %s", d.field, d.theirs, show(theirs))
	}
	if d.ours != show(got.ours) {
		t.Errorf("%s: the table says ours is %s, it is %s", d.field, d.ours, show(got.ours))
	}
	if d.because == "" {
		t.Errorf("%s: the table gives no reason", d.field)
	}
	if d.alone != (got.again == nil) {
		t.Errorf("%s: computed again by their rule: %v, the table says %v", d.field, got.again != nil, !d.alone)
	}
	if got.again != nil && !same(theirs, got.again) {
		t.Errorf("%s: by their own rule it is %s from our facts, and %s from theirs", d.field, show(got.again), show(theirs))
	}
}

// same compares a value of theirs with one of ours as JSON values, numbers to
// nine digits.
func same(theirs, ours any) bool { return near(plain(theirs), plain(ours)) }

func plain(v any) any {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(body, &out); err != nil {
		panic(err)
	}
	return out
}

func near(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && math.Abs(a-b) <= 1e-9*max(1, math.Abs(a))
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, near)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if other, ok := b[k]; !ok || !near(v, other) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// show writes a value as the table does: JSON, numbers cut to six digits.
func show(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(shorten(plain(v))); err != nil {
		return fmt.Sprint(err)
	}
	return strings.TrimSpace(b.String())
}

func shorten(v any) any {
	switch v := v.(type) {
	case float64:
		return json.Number(fmt.Sprintf("%.6g", v))
	case []any:
		for i := range v {
			v[i] = shorten(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = shorten(v[k])
		}
	}
	return v
}
