package web_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// Names and labels as long as the door lets in, of letters that take four bytes
// and cannot be compressed, must not be too long for an index.
func TestTheLongestNamesAndLabelsAreKept(t *testing.T) {
	s := start(t)
	r := rand.New(rand.NewPCG(1, 1))
	long := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune(rune(0x20000 + r.IntN(0xa000))) // ideographs
		}
		return b.String()
	}
	label, value, service, team, repository := long(50), long(2000), long(200), long(200), long(200)
	quote := func(text string) string {
		b, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	sha := strings.Repeat("a", 64)
	event := func(format string, args ...any) string { return fmt.Sprintf(format, args...) + "\n" }
	body := event(`{"type":"service","name":%s,"team":%s,"repository":%s,"labels":{%s:%s}}`, quote(service), quote(team), quote(repository), quote(label), quote(value)) +
		event(`{"type":"change","sha":%q,"repository":%s,"committed_at":"2026-03-01T00:00:00Z"}`, sha, quote(repository))
	for i, id := range []string{long(200), long(200)} {
		body += event(`{"type":"deployment","id":%s,"service":%s,"environment":"production","team":%s,"repository":%s,"commit_sha":%q,"version":%s,
			"finished_at":"2026-03-0%dT10:00:00Z","labels":{%s:%s}}`, quote(id), quote(service), quote(team), quote(repository), []string{"b1", sha}[i], quote(long(200)), 2+i, quote(label), quote(value))
		body = strings.ReplaceAll(body, ",\n\t\t\t", ",")
		body += event(`{"type":"incident","id":%s,"services":[%s],"started_at":"2026-03-0%dT11:00:00Z","caused_by":%s,"title":%s}`, quote(long(200)), quote(service), 2+i, quote(id), quote(long(2000)))
	}
	at := s.send(body)
	ids := s.ids(url.Values{"min_seq": {fmt.Sprint(at.Position)}, "scope": {"label:" + label + "=" + value}})
	if len(ids) != 2 {
		t.Errorf("the label finds %d deployments", len(ids))
	}
	if ids = s.ids(url.Values{"scope": {"label:" + label + "=" + value[:400]}}); len(ids) != 0 {
		t.Errorf("the beginning of the label finds %d deployments", len(ids))
	}
	if ids = s.ids(url.Values{"scope": {"team:" + team}}); len(ids) != 2 {
		t.Errorf("the team has %d deployments", len(ids))
	}
}
