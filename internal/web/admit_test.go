package web_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func TestWithoutATokenOnlyThisMachineIsServed(t *testing.T) {
	s := start(t)
	for _, host := range []string{"", "127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:80", "127.0.0.2:1"} {
		if a := s.ask("GET", "/api/v1/teams", nil, "Host", host); a.status != 200 {
			t.Errorf("host %q: %d", host, a.status)
		}
	}
	// A page of evil.example can point its name at this machine.
	for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example"} {
		s.refused(s.ask("GET", "/api/v1/measures", nil, "Host", host), 403, "forbidden")
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one), "Host", host), 403, "forbidden")
		if a := s.ask("GET", "/", nil, "Host", host); a.status != 403 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("host %q: page %d", host, a.status)
		}
	}
}

func TestAPageOfAnotherSiteCannotWrite(t *testing.T) {
	s := start(t)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one), headers...), 403, "forbidden")
	}
	s.send(one, "Sec-Fetch-Site", "same-origin", "Origin", s.url)
}

func TestWithATokenEveryRequestMustCarryIt(t *testing.T) {
	const token = "s3cret-of-the-house"
	s := startWith(t, app.Options{Token: token})
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("anyone:"+password))
	}
	paths := []string{"/", "/deployments", "/deployments/x", "/api/v1/measures", "/api/v1/nothing", "/nothing"}
	for _, auth := range []string{"", "Bearer wrong", "Bearer ", "Bearer", token, basic("wrong"), basic(""), "Basic !!"} {
		s.auth = auth
		for _, path := range paths {
			if a := s.ask("GET", path, nil); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%q: %s: status %d", auth, path, a.status)
			}
		}
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one)), 401, "unauthorized")
	}
	for _, auth := range []string{"Bearer " + token, basic(token)} {
		s.auth = auth
		for path, want := range map[string]int{"/": 200, "/api/v1/measures": 200, "/nothing": 404} {
			// With a token it does not matter by which name the server is called.
			if a := s.ask("GET", path, nil, "Host", "plimsoll.example"); a.status != want {
				t.Errorf("%q: %s: status %d", auth, path, a.status)
			}
		}
	}
	s.auth = ""
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := s.ask("GET", path, nil); a.status != 200 {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the token stands in the log")
	}
}

func TestEveryAnswerCarriesTheHeadersThatProtectIt(t *testing.T) {
	s := start(t)
	s.send(one)
	asset := firstAsset(t, s)
	for _, c := range []struct{ method, path, host string }{
		{"GET", "/", ""}, {"GET", "/api/v1/measures", ""}, {"GET", "/healthz", ""}, {"GET", asset, ""},
		{"GET", "/api/v1/nothing", ""}, {"GET", "/nothing", ""}, {"GET", "/", "evil.example"},
		{"POST", "/api/v1/events", ""}, {"DELETE", "/", ""}, {"GET", "/assets/nothing", ""},
	} {
		a := s.ask(c.method, c.path, nil, "Host", c.host)
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cache-Control"} {
			if a.header.Get(h) == "" {
				t.Errorf("%s %s (%d): no %s", c.method, c.path, a.status, h)
			}
		}
		if c.path != asset && a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: kept: %s", c.method, c.path, a.header.Get("Cache-Control"))
		}
	}
	if a := s.ask("POST", "/api/v1/events", nil, "Sec-Fetch-Site", "cross-site"); a.header.Get("X-Content-Type-Options") == "" {
		t.Error("a refused page gets no headers")
	}
}
