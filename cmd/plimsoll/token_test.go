package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/client"
)

// made makes a token and returns it with its id.
func makeToken(t *testing.T, args ...string) client.Token {
	t.Helper()
	var out client.Token
	if err := json.Unmarshal([]byte(fine(t, append([]string{"token", "create", "--format", "json"}, args...)...)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// steady takes out of an answer what differs from run to run.
func steady(out string, tokens ...client.Token) string {
	for i, x := range tokens {
		out = strings.ReplaceAll(out, x.Token, "plm_SECRET")
		out = strings.ReplaceAll(out, x.ID, fmt.Sprintf("id%06d", i+1))
	}
	out = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\dZ`).ReplaceAllString(out, "2026-00-00 00:00Z")
	return regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`).ReplaceAllString(out, `"2026-00-00T00:00:00Z"`)
}

func TestTokensAreMadeListedRotatedAndRevokedInAFolder(t *testing.T) {
	data := t.TempDir()
	said := call(t, "token", "create", "--name", "ci-checkout", "--role", "deployer", "--ingest-only", "--team", "shop", "--data", data)
	text := strings.TrimSpace(said.out)
	first := client.Token{Token: text, ID: strings.Split(text+"__", "_")[1]}
	if said.code != 0 || !regexp.MustCompile(`^plm_[a-z2-7]{8}_[a-z2-7]{52}\n$`).MatchString(said.out) {
		t.Fatalf("%+v", said)
	}
	second := makeToken(t, "--name", "Ada Lovelace", "--kind", "person", "--role", "release-manager", "--expires", "never", "--data", data)
	if second.Role != "release_manager" || second.ExpiresAt.Known() {
		t.Errorf("%+v", second)
	}
	list := fine(t, "token", "list", "--data", data)
	asJSON := fine(t, "token", "list", "--format", "json", "--data", data)
	rotated := call(t, "token", "rotate", second.ID, "--data", data)
	text = strings.TrimSpace(rotated.out)
	third := client.Token{Token: text, ID: strings.Split(text+"__", "_")[1]}
	revoked := fine(t, "token", "revoke", first.ID, "--data", data)
	left := fine(t, "token", "list", "--data", data)
	all := fine(t, "token", "list", "--all", "--data", data)
	golden(t, "token.txt", steady(strings.Join([]string{said.out + said.err, list, asJSON, rotated.out + rotated.err, revoked, left, all}, "\n"), first, second, third))
	if strings.Contains(list+asJSON+left+all, "plm_") {
		t.Error("a list shows a token")
	}
	call(t, "token", "revoke", first.ID, "--data", data).wrong(t, "was revoked at", "by local")
	call(t, "token", "rotate", second.ID, "--data", data).wrong(t, "has ended")
	call(t, "token", "create", "--name", "Ada Lovelace", "--role", "viewer", "--data", data).wrong(t, "there is a token of the name Ada Lovelace ("+third.ID+")")
	// A whole token where its id belongs must not be shown to the next reader.
	if s := call(t, "token", "revoke", first.Token, "--data", data); strings.Contains(s.err, first.Token) {
		t.Errorf("%s", s.err)
	}
}

// With tokens a server may be reached by others, and each of them does what its
// role lets it.
func TestAServerForOthersTakesTheTokensThatWereMadeInItsFolder(t *testing.T) {
	data := t.TempDir()
	boss := makeToken(t, "--name", "Ada", "--kind", "person", "--role", "admin", "--data", data)
	url, stop := serving(t, "--data", data, "--listen", "0.0.0.0:0")
	at := func(token string, args ...string) []string { return append(args, "--server", url, "--token", token) }
	call(t, "deployments", "--server", url).wrong(t, "no valid token")
	call(t, "token", "list", "--server", url).wrong(t, "no valid token")
	ci := makeToken(t, at(boss.Token, "--name", "ci", "--role", "deployer")...)
	hooks := makeToken(t, at(boss.Token, "--name", "hooks", "--ingest-only")...)
	report := []string{"record", "deployment", "--id", "d1", "--service", "web", "--environment", "production", "--result", "failure"}
	fine(t, at(hooks.Token, report...)...)
	call(t, at(hooks.Token, "deployments")...).wrong(t, "only hands in events")
	if out := fine(t, at(ci.Token, "deployments", "--format", "csv")...); strings.Count(out, "\n") != 2 {
		t.Errorf("%s", out)
	}
	call(t, at(ci.Token, "token", "list")...).wrong(t, "needs the role admin", "ci is deployer")
	evidence := fine(t, at(ci.Token, "evidence", "list", "--format", "csv")...)
	id := strings.TrimSpace(evidence[strings.LastIndex(evidence, ",")+1:])
	call(t, at(ci.Token, "evidence", "reject", id, "--reason", "not us")...).wrong(t, "takes a person's word", "--kind person")
	call(t, at(boss.Token, "evidence", "reject", id, "--reason", "a drill", "--actor", "Bob")...).wrong(t, "--actor", "you are Ada")
	fine(t, at(boss.Token, "evidence", "reject", id, "--reason", "a drill")...)
	fine(t, at(boss.Token, "token", "revoke", ci.ID)...)
	call(t, at(ci.Token, "deployments")...).wrong(t, "no valid token")
	out := fine(t, at(boss.Token, "token", "list", "--all")...)
	if !strings.Contains(out, "revoked") || !strings.Contains(out, "by Ada") {
		t.Errorf("%s", out)
	}
	s := stop()
	for _, x := range []client.Token{boss, ci, hooks} {
		if strings.Contains(s.err, x.Token) || strings.Contains(s.err, x.Token[13:]) {
			t.Errorf("the token of %s stands in the log:\n%s", x.Name, s.err)
		}
	}
	if s.code != 0 || !strings.Contains(s.err, "token revoked") {
		t.Errorf("%+v", s)
	}
	// The use of tokens is known when the server has ended.
	if out := fine(t, "token", "list", "--all", "--data", data, "--format", "json"); strings.Count(out, `"last_used_at":"`) != 3 {
		t.Errorf("%s", out)
	}
}
