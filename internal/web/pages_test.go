package web_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

var links = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// linksOf are the addresses of this site on a page, resolved against its own.
func linksOf(t *testing.T, at, page string) []string {
	t.Helper()
	base, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range links.FindAllStringSubmatch(page, -1) {
		u, err := base.Parse(html.UnescapeString(m[1]))
		if err != nil {
			t.Errorf("%s links to %q: %v", at, m[1], err)
			continue
		}
		if u.Host == base.Host && u.Scheme == base.Scheme {
			u.Fragment = ""
			out = append(out, u.RequestURI())
		}
	}
	return out
}

func firstAsset(t *testing.T, s *site) string {
	t.Helper()
	for _, l := range linksOf(t, s.url+"/", s.ask("GET", "/", nil).body) {
		if strings.HasSuffix(l, ".css") {
			return l
		}
	}
	t.Fatal("the overview has no style")
	return ""
}

// crawl follows every link from the overview, and from others that are given,
// and returns how many pages it saw.
func crawl(t *testing.T, s *site, also ...string) int {
	t.Helper()
	s.ids(url.Values{}) // the pages do not wait long for what was written
	queue, seen := append([]string{"/"}, also...), map[string]bool{}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] || len(seen) > 500 {
			continue
		}
		seen[path] = true
		a := s.ask("GET", path, nil)
		if a.status != 200 {
			t.Errorf("%s: status %d", path, a.status)
			continue
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		checkPage(t, path, a.body)
		queue = append(queue, linksOf(t, s.url+path, a.body)...)
	}
	return len(seen)
}

var quoted = regexp.MustCompile(`"[^"]*"`)

var (
	inlineScript  = regexp.MustCompile(`<script(?:\s[^>]*)?>[^<]`)
	inlineHandler = regexp.MustCompile(`<[^>]*\son[a-z]+\s*=`)
	inlineStyle   = regexp.MustCompile(`<style|<[^>]*\sstyle\s*=`)
)

// checkPage looks for what the content security policy forbids, and for what
// a page must have.
func checkPage(t *testing.T, path, page string) {
	t.Helper()
	bare := quoted.ReplaceAllString(page, `""`) // what stands in quotes is no name of an attribute
	for what, re := range map[string]*regexp.Regexp{"an inline script": inlineScript, "an inline handler": inlineHandler, "an inline style": inlineStyle} {
		if m := re.FindString(bare); m != "" {
			t.Errorf("%s holds %s: %s", path, what, m)
		}
	}
	for _, part := range []string{"<!doctype html>", "<title>", "<h1", "</html>"} {
		if !strings.Contains(strings.ToLower(page), part) {
			t.Errorf("%s has no %s", path, part)
		}
	}
	for _, bad := range []string{"ZgotmplZ", "%!", "<nil>", "NaN"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s holds %q", path, bad)
		}
	}
}

func TestAnEmptyServerTeachesTheFirstSteps(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/", "/deployments", "/incidents"} {
		if a := s.ask("GET", path, nil); a.status != 200 || !strings.Contains(a.body, "plimsoll import git") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if n := crawl(t, s); n < 8 {
		t.Errorf("saw only %d pages", n)
	}
}

// history is a small past with every kind of thing on the pages.
func history(s *site) {
	var b strings.Builder
	for i := range 80 {
		service := []string{"web", "api", "jobs"}[i%3]
		day, hour := 1+i/3, 8+i%3
		fmt.Fprintf(&b, `{"type":"change","sha":"c%d","repository":"r/%s","committed_at":"2026-05-%02dT0%d:00:00Z","message_subject":"change %d"}`+"\n", i, service, day, i%7, i)
		result := []string{"success", "success", "success", "failure", "rolled_back", "aborted", "canceled"}[i%7]
		fmt.Fprintf(&b, `{"type":"deployment","id":"d%d","service":%q,"environment":"production","version":"v%d","commit_sha":"c%d","repository":"r/%s","commit_timestamp":"2026-05-%02dT0%d:00:00Z","started_at":"2026-05-%02dT%02d:00:00Z","finished_at":"2026-05-%02dT%02d:10:00Z","result":%q,"team":"crew","deployer":"Ann","url":"https://ci.example/%d"}`+"\n",
			i, service, i, i, service, day, i%7, day, hour, day, hour, result, i)
	}
	fmt.Fprintf(&b, `{"type":"deployment","id":"run","service":"web","environment":"production","started_at":"2026-06-01T11:00:00Z"}`+"\n")
	fmt.Fprintf(&b, `{"type":"incident","id":"I1","services":["web"],"severity":"high","started_at":"2026-05-04T09:00:00Z","detected_at":"2026-05-04T09:04:00Z","resolved_at":"2026-05-04T10:00:00Z","title":"web is slow","url":"https://pager.example/1"}`+"\n")
	fmt.Fprintf(&b, `{"type":"incident","id":"I2","services":["api"],"started_at":"2026-05-30T09:00:00Z","caused_by":"d70"}`+"\n")
	fmt.Fprintf(&b, `{"type":"service","name":"web","team":"crew","repository":"r/web","runbook_url":"https://wiki.example/web"}`+"\n")
	s.send(b.String())
}

func TestEveryLinkOfAUsualHistoryLeadsSomewhere(t *testing.T) {
	s := start(t)
	history(s)
	if n := crawl(t, s, "/deployments?service=web", "/incidents?window=365d"); n < 80 {
		t.Errorf("saw only %d pages", n)
	}
	for path, want := range map[string][]string{
		"/":                       {"web", "api", "jobs", "not restored yet"},
		"/services/web":           {"crew", "r/web", "https://wiki.example/web", "<svg"},
		"/deployments":            {"v79", "Every deployment"},
		"/deployments/d14":        {"v14", "Ann", "change 14", "https://ci.example/14"},
		"/deployments/run":        {"rolling out"},
		"/incidents":              {"I2", "open"},
		"/incidents?window=365d":  {"web is slow"},
		"/deployments?service=we": {"Every deployment of we"},
	} {
		a := s.ask("GET", path, nil)
		for _, w := range want {
			if a.status != 200 || !strings.Contains(a.body, w) {
				t.Errorf("%s (%d) does not say %q", path, a.status, w)
			}
		}
	}
}

func TestHostileNamesStayText(t *testing.T) {
	s := start(t)
	evil := []string{`<script>alert(1)</script>`, `" onmouseover="alert(1)`, `'><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `{{.}}`, `</title><b>`, `%00`}
	for i, e := range evil {
		s.send(fmt.Sprintf(`{"type":"deployment","id":%q,"service":%q,"environment":"production","version":%q,"team":%q,"deployer":%q,"url":"javascript:alert(2)","started_at":"2026-05-0%dT09:00:00Z","finished_at":"2026-05-0%dT10:00:00Z","result":"failure"}`, "d"+e, e, e, e, e, i+1, i+1))
		s.send(fmt.Sprintf(`{"type":"incident","id":%q,"services":[%q],"title":%q,"severity":%q,"url":"javascript:alert(3)","started_at":"2026-05-0%dT10:30:00Z"}`, e, e, e, e, i+1))
		s.send(fmt.Sprintf(`{"type":"service","name":%q,"team":%q,"repository":%q,"runbook_url":"javascript:alert(4)","rollback_command":%q}`, e, e, e, e))
	}
	crawl(t, s)
	for _, path := range []string{"/", "/deployments", "/incidents", "/services/" + url.PathEscape(evil[0]), "/deployments/" + url.PathEscape("d"+evil[2])} {
		page := s.ask("GET", path, nil).body
		for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`, "</title><b>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %q as it came", path, bad)
			}
		}
	}
}

func TestAnAddressThatMakesNoSenseGetsAPageThatSaysSo(t *testing.T) {
	s := start(t)
	s.send(one)
	for path, want := range map[string]int{
		"/?window=1000d": 400, "/services/web?window=x": 400, "/incidents?window=": 200, "/deployments?cursor=!!": 400,
		"/services/unknown": 404, "/deployments/unknown": 404, "/services/": 404, "/deployments/": 404, "/nothing": 404, "/incidents/x": 404,
	} {
		a := s.ask("GET", path, nil)
		if a.status != want || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html; charset=utf-8") {
			t.Errorf("%s: status %d, want %d; %s", path, a.status, want, a.header.Get("Content-Type"))
		}
		checkPage(t, path, a.body)
	}
}

func TestAssetsMayBeKeptForEver(t *testing.T) {
	s := start(t)
	n := 0
	for _, l := range linksOf(t, s.url+"/", s.ask("GET", "/", nil).body) {
		if !strings.HasPrefix(l, "/assets/") {
			continue
		}
		n++
		a := s.ask("GET", l, nil)
		if a.status != 200 || !strings.Contains(a.header.Get("Cache-Control"), "immutable") || a.header.Get("Content-Type") == "" {
			t.Errorf("%s: %d, %v", l, a.status, a.header)
		}
	}
	if n < 3 {
		t.Errorf("only %d assets", n)
	}
	if a := s.ask("GET", "/assets/nothing.css", nil); a.status != 404 || strings.Contains(a.header.Get("Cache-Control"), "immutable") {
		t.Errorf("a missing asset: %d, %s", a.status, a.header.Get("Cache-Control"))
	}
}

func TestAServerThatShowsItsOwnCloneSaysWhatIsWrongWithIt(t *testing.T) {
	s := startWith(t, app.Options{ImportSelf: t.TempDir()})
	for {
		if a := s.ask("GET", "/", nil); strings.Contains(a.body, "cannot be shown") {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("no notice")
		}
	}
}
