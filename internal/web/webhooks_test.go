package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

const hookSecret = "the secret of the hook"

// withHooks is a server with a catalogue and the sources of tools.
func withHooks(t *testing.T, sources map[string]app.Source, services ...app.Service) *site {
	t.Helper()
	t.Setenv("HOOK_SECRET", hookSecret)
	t.Setenv("HOOK_SECRET_NEXT", "another secret of the hook")
	return startWith(t, app.Options{Config: &app.Config{Sources: sources, Services: services}})
}

func signature(body string) string {
	m := hmac.New(sha256.New, []byte(hookSecret))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *site) post(path, body string, headers ...string) answer {
	s.t.Helper()
	return s.ask("POST", path, strings.NewReader(body), headers...)
}

// github sends a signed delivery of GitHub.
func (s *site) github(event, id, body string) answer {
	s.t.Helper()
	return s.post("/webhooks/github", body, "X-GitHub-Event", event, "X-GitHub-Delivery", id, "X-Hub-Signature-256", "sha256="+signature(body))
}

const finished = `{"action":"created","deployment":{"id":7,"sha":"aaaa","task":"deploy","environment":"production","creator":{"login":"ada","type":"User"}},
	"deployment_status":{"state":"success","created_at":"2026-05-30T10:00:00Z","updated_at":"2026-05-31T10:00:00Z"},
	"repository":{"full_name":"acme/shop","html_url":"https://github.com/acme/shop","default_branch":"main"}}`

func expectAnswer(t *testing.T, a answer, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%d %s; expected %d", a.status, a.body, status)
	}
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			t.Errorf("%s does not say %q", a.body, p)
		}
	}
}

func TestADeliveryIsLetInByItsSignature(t *testing.T) {
	s := withHooks(t, map[string]app.Source{"github": {SecretEnv: app.Strings{"HOOK_SECRET_NEXT", "HOOK_SECRET"}}})
	expectAnswer(t, s.github("deployment_status", "d1", finished), 202, `"outcome":"decoded"`, `"accepted":1`)
	expectAnswer(t, s.github("deployment_status", "d1", finished), 202, `"outcome":"duplicate"`)
	expectAnswer(t, s.github("deployment_status", "d2", finished), 202, `"outcome":"decoded"`, `"accepted":0`, `"duplicates":1`)
	expectAnswer(t, s.github("star", "d3", `{}`), 202, `"outcome":"ignored"`)
	expectAnswer(t, s.github("push", "d4", `{"ref":7}`), 202, `"outcome":"undecodable"`, "ref is a number")
	expectAnswer(t, s.github("push", "d5", `no JSON`), 202, `"outcome":"undecodable"`)
	for _, wrong := range []string{"", "sha256=", "sha256=" + strings.Repeat("0", 64), signature(finished)} {
		a := s.post("/webhooks/github", finished, "X-GitHub-Event", "deployment_status", "X-Hub-Signature-256", wrong)
		expectAnswer(t, a, 401, `"code":"unauthorized"`, "signature")
		if a.header.Get("WWW-Authenticate") != "" {
			t.Error("asks a program for a password")
		}
	}
	metrics := s.ask("GET", "/metrics", nil).body
	for _, line := range []string{
		`plimsoll_deliveries_total{outcome="accepted",source="github"} 1`, `plimsoll_deliveries_total{outcome="duplicate",source="github"} 2`,
		`plimsoll_deliveries_total{outcome="ignored",source="github"} 1`, `plimsoll_deliveries_total{outcome="undecodable",source="github"} 2`,
		`plimsoll_deliveries_total{outcome="unauthorized",source="github"} 4`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s: %s", line, metrics[strings.Index(metrics, "plimsoll_deliveries_total{"):][:900])
		}
	}
}

func TestAPathThatTakesNothingSaysWhy(t *testing.T) {
	s := withHooks(t, map[string]app.Source{"github/acme": {SecretEnv: app.Strings{"HOOK_SECRET"}}})
	expectAnswer(t, s.post("/webhooks/githup", "{}"), 404, "no such source; known are", "github")
	expectAnswer(t, s.post("/webhooks/github", "{}"), 404, "github is not configured", "docs/integrations.md")
	expectAnswer(t, s.post("/webhooks/github/other", "{}"), 404, "github with this name is not configured")
	expectAnswer(t, s.post("/webhooks/github/acme", "{}"), 401, "compare the secret")
	expectAnswer(t, s.ask("GET", "/webhooks/github/acme", nil), 405, "send POST")
	expectAnswer(t, s.post("/webhooks/github/acme/more", "{}"), 404, `"code":"not_found"`)
}

func TestADeliveryWithoutSecretTakesWhoMayReport(t *testing.T) {
	s := withHooks(t, map[string]app.Source{"github": {}, "github/open": {Unsigned: true}})
	send := func(path string, headers ...string) answer {
		return s.post(path, finished, append([]string{"X-GitHub-Event", "deployment_status"}, headers...)...)
	}
	expectAnswer(t, send("/webhooks/github"), 202, `"accepted":1`) // from this machine
	expectAnswer(t, send("/webhooks/github", "X-Forwarded-For", "192.0.2.1"), 401, "a proxy asks for somebody else")
	expectAnswer(t, send("/webhooks/github/open", "X-Forwarded-For", "192.0.2.1"), 202)
}

func TestADeliveryIsBounded(t *testing.T) {
	s := withHooks(t, map[string]app.Source{"github": {SecretEnv: app.Strings{"HOOK_SECRET"}}})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	chunk := make([]byte, 1<<20)
	for range 26 {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := func(body string) answer {
		return s.post("/webhooks/github", body, "Content-Encoding", "gzip", "X-GitHub-Event", "deployment_status", "X-Hub-Signature-256", "sha256="+signature(body))
	}
	expectAnswer(t, packed(bomb.String()), 413, "larger than 25 MiB")
	var fine bytes.Buffer
	z = gzip.NewWriter(&fine)
	if _, err := z.Write([]byte(finished)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	expectAnswer(t, packed(fine.String()), 202, `"accepted":1`)
	expectAnswer(t, packed("not gzip"), 400, "not gzip")
	expectAnswer(t, s.github("star", "big", strings.Repeat(" ", 25<<20+1)), http.StatusRequestEntityTooLarge, "25 MiB")
	form := url.Values{"payload": {finished}}.Encode()
	a := s.post("/webhooks/github", form, "Content-Type", "application/x-www-form-urlencoded", "X-GitHub-Event", "deployment_status", "X-Hub-Signature-256", "sha256="+signature(form))
	expectAnswer(t, a, 202, `"duplicates":1`)
}
