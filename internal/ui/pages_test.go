package ui

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

type renderer interface{ Render(io.Writer) error }

func mustRender(t *testing.T, p renderer) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var tags = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*?)(/?)>`)

var void = map[string]bool{"meta": true, "link": true, "br": true, "img": true, "input": true, "hr": true}

// checkTags reports a page whose tags do not balance, and counts its elements.
func checkTags(page string) (nodes int, err error) {
	page = strings.TrimPrefix(page, "<!DOCTYPE html>")
	var open []string
	for _, m := range tags.FindAllStringSubmatch(page, -1) {
		name := m[2]
		switch {
		case m[1] == "/":
			if len(open) == 0 || open[len(open)-1] != name {
				return nodes, fmt.Errorf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
			continue
		case m[4] != "/" && !void[name]:
			open = append(open, name)
		}
		nodes++
	}
	if len(open) > 0 {
		return nodes, fmt.Errorf("never closed: %v", open)
	}
	// What remains between the tags must not hold a bracket.
	if rest := tags.ReplaceAllString(page, ""); strings.ContainsAny(rest, "<>") {
		i := strings.IndexAny(rest, "<>")
		return nodes, fmt.Errorf("stray bracket near %q", rest[max(0, i-40):min(len(rest), i+40)])
	}
	return nodes, nil
}

var (
	inlineStyle  = regexp.MustCompile(`\sstyle\s*=|<style`)
	handler      = regexp.MustCompile(`<[^>]*\son[a-z]+\s*=`)
	inlineScript = regexp.MustCompile(`<script(?:>|[^>]*>[^<])`)
	ids          = regexp.MustCompile(`\sid="([^"]*)"`)
)

// checkPage holds every rule that a page must keep whatever its values are.
func checkPage(t *testing.T, page string) (nodes int) {
	t.Helper()
	nodes, err := checkTags(page)
	if err != nil {
		t.Error(err)
	}
	for name, re := range map[string]*regexp.Regexp{"inline style": inlineStyle, "event handler": handler, "inline script": inlineScript} {
		if m := re.FindString(page); m != "" {
			t.Errorf("%s: %s", name, m)
		}
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d h1, want 1", n)
	}
	for _, landmark := range []string{"<header", "<main", "<footer", `class="skip"`, `<html lang="en">`} {
		if !strings.Contains(page, landmark) {
			t.Errorf("no %s", landmark)
		}
	}
	seen := map[string]bool{}
	for _, m := range ids.FindAllStringSubmatch(page, -1) {
		if seen[m[1]] {
			t.Errorf("id %q twice", m[1])
		}
		seen[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`<th[ >][^>]*`).FindAllString(page, -1) {
		if !strings.Contains(m, "scope=") {
			t.Errorf("header without scope: %s", m)
		}
	}
	for _, bad := range []string{"ZgotmplZ", "NaN", "%!", "<nil>", "0xc0"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s on the page", bad)
		}
	}
	return nodes
}

func TestEveryPageKeepsTheRules(t *testing.T) {
	for name, p := range samples() {
		t.Run(name, func(t *testing.T) {
			page := mustRender(t, p)
			nodes := checkPage(t, page)
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			io.WriteString(w, page)
			w.Close()
			t.Logf("%d bytes, %d gzipped, %d nodes", len(page), z.Len(), nodes)
			if z.Len() > 60_000 || nodes > 2500 {
				t.Errorf("%d bytes gzipped, %d nodes", z.Len(), nodes)
			}
		})
	}
}

// poison puts the text into every string of a value, however deep. Addresses get it too.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[Tone]() {
			v.SetString(text)
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*time.Location]() {
			poison(v.Elem(), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), text)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	for _, text := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "' onload='x", "\x00\xff", strings.Repeat("very-long-name-", 40)} {
		for name, p := range samples() {
			copied := reflect.New(reflect.TypeOf(p))
			copied.Elem().Set(reflect.ValueOf(p))
			poison(copied.Elem(), text)
			page := mustRender(t, copied.Elem().Interface().(renderer))
			if _, err := checkTags(page); err != nil {
				t.Errorf("%s with %q: %v", name, text, err)
			}
			for _, bad := range []string{"<script>", "<img", `href="javascript:`, `src="javascript:`} {
				if strings.Contains(page, bad) {
					t.Errorf("%s with %q: %s on the page", name, text, bad)
				}
			}
			if m := handler.FindString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(page, `""`)); m != "" {
				t.Errorf("%s with %q: %s", name, text, m)
			}
		}
	}
}

func TestTheTagCheckerSeesFaults(t *testing.T) {
	for _, bad := range []string{"<p>", "</p>", "<p><b></p></b>", "<p>a < b</p>", `<p title="a">b"></q>`} {
		if _, err := checkTags(bad); err == nil {
			t.Errorf("%s passes", bad)
		}
	}
	if n, err := checkTags(`<p title="a>b"><br>x<use href="#a"/></p>`); n != 3 || err != nil {
		t.Errorf("%d nodes, %v", n, err)
	}
}

func TestAStatusAlwaysHasGlyphAndWord(t *testing.T) {
	page := mustRender(t, DeploymentsPage{Rows: []DeploymentRow{{Status: Running}, {Status: Success}, {Status: Failure}, {Status: RolledBack}, {Status: Aborted}, {Status: Superseded}, {Status: Canceled}, {Status: "odd"}}})
	for _, want := range []string{"#g-running\"/></svg>In progress", "#g-ok\"/></svg>Succeeded", "#g-failed\"/></svg>Failed", "#g-rolled\"/></svg>Rolled back", "#g-aborted\"/></svg>Canary aborted", "#g-muted\"/></svg>Superseded", "#g-muted\"/></svg>Unknown"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestAnUnknownNumberIsNeverAZero(t *testing.T) {
	page := mustRender(t, OverviewPage{Tiles: []Figure{{Kind: Frequency}, {Kind: LeadTime}, {Kind: FailureRate}, {Kind: Restore}}})
	if n := strings.Count(page, ">no data<"); n != 4 {
		t.Errorf("%d times no data, want 4", n)
	}
	if strings.Contains(page, "0 %") {
		t.Error("a zero stands for what is unknown")
	}
}

func TestAnEmptyServerTeaches(t *testing.T) {
	page := mustRender(t, samples()["overview-empty"])
	for _, want := range []string{"plimsoll import git . --service NAME --tags &#39;v*&#39;", "git rev-parse HEAD", `class="done"`, `data-act="copy"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(page, "no data") {
		t.Error("empty tiles distract from the steps")
	}
}

func TestDaysAreCutInTheZoneOfThePage(t *testing.T) {
	rows := []DeploymentRow{{At: time.Date(2026, 3, 24, 0, 30, 0, 0, time.UTC)}, {At: time.Date(2026, 3, 23, 23, 30, 0, 0, time.UTC)}}
	if n := len(ByDay(rows, nil)); n != 2 {
		t.Errorf("%d days in UTC, want 2", n)
	}
	if n := len(ByDay(rows, time.FixedZone("east", 3600))); n != 1 {
		t.Errorf("%d days an hour east, want 1", n)
	}
}

func TestNamesAreEscapedInAddresses(t *testing.T) {
	page := mustRender(t, DeploymentsPage{Rows: []DeploymentRow{{Service: "a/b?c#d", ID: "x y/1"}}})
	for _, want := range []string{`href="/services/a%2Fb%3Fc%23d"`, `href="/deployments/x%20y%2F1"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestAssetsAreNamedByTheirContent(t *testing.T) {
	for _, name := range []string{"app.css", "app.js", "mark.svg", "inter-latin-wght-normal.woff2", "inter-LICENSE.txt"} {
		p := strings.TrimPrefix(AssetPath(name), AssetPrefix)
		if b, err := fs.ReadFile(Assets(), p); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", p, len(b), err)
		}
	}
	css := built.files[strings.TrimPrefix(AssetPath("app.css"), AssetPrefix)]
	if !strings.Contains(css, "url("+built.names["inter-latin-wght-normal.woff2"]+")") {
		t.Error("the style sheet does not name the hashed font")
	}
	for _, name := range []string{"missing", "../ui.go", ""} {
		if _, err := Assets().Open(name); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAWriteErrorIsReturned(t *testing.T) {
	if err := sampleOverview().Render(brokenWriter{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func BenchmarkServicePage(b *testing.B) {
	p := sampleService(500)
	for b.Loop() {
		if err := p.Render(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func TestASparseListNeedsNoHeadingForEachDay(t *testing.T) {
	at := func(day, hour int) DeploymentRow {
		return DeploymentRow{At: time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)}
	}
	if g := ByDay([]DeploymentRow{at(9, 1), at(7, 1), at(5, 1), at(3, 1)}, nil); len(g) != 1 || !g[0].Sparse() || len(g[0].Rows) != 4 {
		t.Errorf("four days of one deployment each: %d groups", len(g))
	}
	if g := ByDay([]DeploymentRow{at(9, 3), at(9, 2), at(9, 1), at(7, 1)}, nil); len(g) != 2 || g[0].Sparse() {
		t.Errorf("two days, one busy: %d groups", len(g))
	}
}
