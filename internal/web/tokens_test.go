package web_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/web"
)

const bootstrap = "b00tstrap-of-the-house"

// as is the site as somebody else sees it.
func (s *site) as(token string) *site {
	other := *s
	if other.auth = ""; token != "" {
		other.auth = "Bearer " + token
	}
	return &other
}

// made is a token as it is answered when it was made.
type made struct {
	ID, Name, Kind, Role, Team, Status, Token string
	IngestOnly                                bool   `json:"ingest_only"`
	ExpiresAt                                 string `json:"expires_at"`
	CreatedBy                                 string `json:"created_by"`
	LastUsedAt                                string `json:"last_used_at"`
}

func (s *site) makeToken(body string) made {
	s.t.Helper()
	a := s.ask("POST", "/api/v1/tokens", strings.NewReader(body))
	var m made
	if a.status != 201 || json.Unmarshal([]byte(a.body), &m) != nil || m.Token == "" {
		s.t.Fatalf("%s: %d %s", body, a.status, a.body)
	}
	return m
}

// actors are a site that needs tokens, and a token of each sort.
type actors struct {
	*site
	tokens map[string]string              // sort → token
	who    map[string]plimsoll.Actor      // of those that are good
	clock  *atomic.Pointer[time.Duration] // how far the clock of the server has gone on
}

func newActors(t *testing.T) actors {
	t.Helper()
	var clock atomic.Pointer[time.Duration]
	clock.Store(new(time.Duration))
	s := startWith(t, app.Options{Token: bootstrap, Now: func() time.Time { return now.Add(*clock.Load()) }})
	s = s.as(bootstrap)
	a := actors{s, map[string]string{"bootstrap": bootstrap}, map[string]plimsoll.Actor{"bootstrap": plimsoll.BootstrapActor()}, &clock}
	for _, role := range plimsoll.Roles {
		for _, kind := range []plimsoll.ActorKind{plimsoll.ActorPerson, plimsoll.ActorService} {
			name := fmt.Sprintf("%s %s", role, kind)
			m := s.makeToken(fmt.Sprintf(`{"name":%q,"role":%q,"kind":%q,"expires":"never"}`, name, role, kind))
			a.tokens[name], a.who[name] = m.Token, plimsoll.Actor{Kind: kind, Name: name, Token: m.ID, Role: role}
		}
	}
	m := s.makeToken(`{"name":"hooks","ingest_only":true,"expires":"never"}`)
	a.tokens["hooks"], a.who["hooks"] = m.Token, plimsoll.Actor{Kind: plimsoll.ActorService, Name: "hooks", Token: m.ID, Role: plimsoll.RoleDeployer, IngestOnly: true}
	a.tokens["expired"] = s.makeToken(`{"name":"expired","role":"admin","expires":"1h"}`).Token
	later := 2 * time.Hour
	clock.Store(&later)
	revoked := s.makeToken(`{"name":"revoked","role":"admin"}`)
	a.tokens["revoked"] = revoked.Token
	if r := s.ask("DELETE", "/api/v1/tokens/"+revoked.ID, nil); r.status != 200 || !strings.Contains(r.body, `"status":"revoked"`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	a.tokens["nothing"], a.tokens["nonsense"], a.tokens["empty"] = "", "nonsense", " "
	a.tokens["unknown"] = "plm_aaaaaaaa_" + strings.Repeat("a", 52)
	a.tokens["wrong"] = revoked.Token[:len(revoked.Token)-1] + "!"
	return a
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// Every route is asked by everybody, and lets in whom its permission says.
func TestEachRouteLetsInWhomTheTableSays(t *testing.T) {
	a := newActors(t)
	refusals := map[string]bool{} // of the API, as they came
	for pattern, need := range web.Table() {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			method, path = "GET", pattern+"nothing-of-this-name"
		}
		path = strings.ReplaceAll(path, "{$}", "")
		path = placeholder.ReplaceAllString(path, "x")
		for sort, token := range a.tokens {
			got := a.as(token).ask(method, path, nil)
			who, good := a.who[sort]
			denied := who.May(need)
			switch {
			case need == web.Open:
				if got.status == 401 || got.status == 403 {
					t.Errorf("%s by %s: %d, and it is open", pattern, sort, got.status)
				}
			case !good:
				if got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s by %s: %d", pattern, sort, got.status)
				}
				if strings.HasPrefix(path, "/api/") {
					refusals[got.body] = true
				}
			case denied == nil:
				if got.status == 401 || got.status == 403 || got.status >= 500 {
					t.Errorf("%s by %s: %d %s", pattern, sort, got.status, got.body)
				}
			case got.status != 403:
				t.Errorf("%s by %s: %d, want 403", pattern, sort, got.status)
			case strings.HasPrefix(path, "/api/"):
				e := a.refused(got, 403, "forbidden")
				least, _ := need.LeastRole()
				if e.Error.Message != denied.Error() || !who.Role.Covers(least) && !strings.Contains(e.Error.Message, string(least)) {
					t.Errorf("%s by %s: %s", pattern, sort, e.Error.Message)
				}
			}
		}
	}
	if len(refusals) != 1 {
		t.Errorf("a token that is not good can be told from another: %v", refusals)
	}
	for sort, token := range a.tokens {
		if len(token) > 8 && strings.Contains(a.log.String(), token[len(token)-12:]) {
			t.Errorf("the token %s stands in the log", sort)
		}
	}
	if !strings.Contains(a.log.String(), "token created") {
		t.Errorf("the making of tokens does not stand in the log:\n%s", a.log)
	}
}

func TestWhoamiSaysWhoAsks(t *testing.T) {
	a := newActors(t)
	for sort, who := range a.who {
		if who.IngestOnly {
			continue
		}
		var got struct {
			Kind, Name, Role string
			TokenID          string `json:"token_id"`
			Permissions      []plimsoll.Permission
		}
		a.as(a.tokens[sort]).get("/api/v1/whoami", &got)
		if got.Kind != string(who.Kind) || got.Name != who.Name || got.Role != string(who.Role) || got.TokenID != who.Token {
			t.Errorf("%s: %+v", sort, got)
		}
		for _, p := range plimsoll.Permissions() {
			if slices.Contains(got.Permissions, p) != (who.May(p) == nil) {
				t.Errorf("%s: %s: %+v", sort, p, got)
			}
		}
	}
	var got struct{ Kind, Name, Role string }
	start(t).get("/api/v1/whoami", &got)
	if got.Kind != "local" || got.Name != "local" || got.Role != "admin" {
		t.Errorf("this machine is %+v", got)
	}
}

// A token is made, seen once, listed, rotated and revoked by the Go client.
func TestTheGoClientMakesListsRotatesAndRevokesTokens(t *testing.T) {
	a := newActors(t)
	ctx := t.Context()
	admin := clientOf(t, a.site, bootstrap)
	first, err := admin.CreateToken(ctx, client.TokenWish{Name: "ci-checkout", Role: "deployer", Team: "shop", Expires: "90d"})
	if err != nil || first.Token == "" || first.Kind != "service" || first.Team != "shop" || first.CreatedBy != "bootstrap" || first.ExpiresAt != plimsoll.TimeOf(now.Add(2*time.Hour+90*24*time.Hour)) {
		t.Fatalf("%+v, %v", first, err)
	}
	ci := clientOf(t, a.site, first.Token)
	if _, err := ci.Send(ctx, []json.RawMessage{json.RawMessage(one)}); err != nil {
		t.Error(err)
	}
	who, err := ci.Whoami(ctx)
	if err != nil || who.Name != "ci-checkout" || who.Kind != "service" || who.Role != "deployer" || who.Team != "shop" || who.TokenID != first.ID {
		t.Errorf("%+v, %v", who, err)
	}
	if _, err := ci.CreateToken(ctx, client.TokenWish{Name: "more", Role: "admin"}); plimsoll.ErrorCode(err) != plimsoll.CodeForbidden {
		t.Errorf("a deployer makes an admin: %v", err)
	}
	second, err := admin.RotateToken(ctx, first.ID, "")
	if err != nil || second.Token == first.Token || second.Name != "ci-checkout" {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err := ci.Whoami(ctx); plimsoll.ErrorCode(err) != plimsoll.CodeUnauthorized {
		t.Errorf("the old one: %v", err)
	}
	find := func(all bool, id string) (found client.Token, ok bool) {
		list, err := admin.Tokens(ctx, all)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.ID == id {
				found, ok = x, true
			}
		}
		return found, ok
	}
	if _, ok := find(false, first.ID); ok {
		t.Error("one that has ended is listed among those that are good")
	}
	if x, ok := find(true, first.ID); !ok || x.Status != "revoked" || x.RevokedBy != "bootstrap" || !x.LastUsedAt.Known() {
		t.Errorf("%+v, %v", x, ok)
	}
	if _, err := clientOf(t, a.site, second.Token).Whoami(ctx); err != nil {
		t.Error(err)
	}
	gone, err := admin.RevokeToken(ctx, second.ID)
	if err != nil || gone.Status != "revoked" {
		t.Errorf("%+v, %v", gone, err)
	}
	if _, err := clientOf(t, a.site, second.Token).Whoami(ctx); plimsoll.ErrorCode(err) != plimsoll.CodeUnauthorized {
		t.Errorf("revoked: %v", err)
	}
	listed := a.ask("GET", "/api/v1/tokens?all=true", nil)
	if strings.Contains(listed.body, "hash") || strings.Contains(listed.body, "plm_") {
		t.Errorf("the list tells secrets: %s", listed.body)
	}
}

func clientOf(t *testing.T, s *site, token string) *client.Client {
	t.Helper()
	c, err := client.New(s.url, client.Options{Token: token, Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestATokenThatCannotBeMeantIsRefusedByItsField(t *testing.T) {
	s := start(t)
	for body, field := range map[string]string{
		`{"role":"viewer"}`:                                       "name",
		`{"name":"a","role":"boss"}`:                              "role",
		`{"name":"a"}`:                                            "role",
		`{"name":"a","role":"viewer","kind":"robot"}`:             "kind",
		`{"name":"a","role":"viewer","expires":"soon"}`:           "expires",
		`{"name":"a","role":"viewer","expires":"2020-01-01"}`:     "expires",
		`{"name":"a","role":"viewer","expires":"100w","team":""}`: "",
		`{"name":"b","role":"admin","team":"shop"}`:               "team",
		`{"name":"b","role":"viewer","secret":"mine"}`:            "secret",
		`{"name":5}`:  "name",
		`{"name":"b"`: "",
		``:            "",
	} {
		got := s.ask("POST", "/api/v1/tokens", strings.NewReader(body))
		if strings.Contains(body, "100w") {
			if got.status != 201 {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
			continue
		}
		if e := s.refused(got, 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: %+v", body, e)
		}
	}
	s.refused(s.ask("POST", "/api/v1/tokens", strings.NewReader(`{"name":"a","role":"viewer"}`)), 409, "conflict")
	s.refused(s.ask("POST", "/api/v1/tokens/aaaaaaaa/rotate", strings.NewReader(`{}`)), 404, "not_found")
	s.refused(s.ask("POST", "/api/v1/tokens/aaaaaaaa/rotate", strings.NewReader(`{"overlap":"soon"}`)), 400, "invalid")
	s.refused(s.ask("DELETE", "/api/v1/tokens/aaaaaaaa", nil), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/tokens?all=maybe", nil), 400, "invalid")
	if e := s.refused(s.ask("PUT", "/api/v1/tokens/aaaaaaaa", nil), 405, "invalid"); !strings.Contains(e.Error.Message, "DELETE") {
		t.Errorf("%+v", e)
	}
}

func TestAProxyDoesNotMakeEverybodyThisMachine(t *testing.T) {
	headers := []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via"}
	s, trusting := start(t), startWith(t, app.Options{TrustProxy: true})
	m := s.makeToken(`{"name":"Ada","role":"viewer","kind":"person"}`)
	for _, h := range headers {
		s.refused(s.ask("GET", "/api/v1/measures", nil, h, "203.0.113.7"), 401, "unauthorized")
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one), h, ""), 401, "unauthorized")
		if got := s.as(m.Token).ask("GET", "/api/v1/measures", nil, h, "203.0.113.7"); got.status != 200 {
			t.Errorf("%s with a token: %d", h, got.status)
		}
		if got := trusting.ask("GET", "/api/v1/measures", nil, h, "203.0.113.7"); got.status != 200 {
			t.Errorf("%s where the proxy is trusted: %d", h, got.status)
		}
		trusting.refused(trusting.ask("GET", "/api/v1/measures", nil, h, "203.0.113.7", "Host", "evil.example"), 403, "forbidden")
	}
}

func TestOnThisMachineATokenIsNotNeededButMustBeGood(t *testing.T) {
	s := start(t)
	m := s.makeToken(`{"name":"Ada","role":"viewer","kind":"person"}`)
	if got := s.ask("GET", "/api/v1/tokens", nil); got.status != 200 {
		t.Errorf("without a token, though there are some: %d", got.status)
	}
	ada := s.as(m.Token)
	if got := ada.ask("GET", "/api/v1/measures", nil, "Host", "plimsoll.example"); got.status != 200 {
		t.Errorf("with a token: %d", got.status)
	}
	ada.refused(ada.ask("GET", "/api/v1/tokens", nil), 403, "forbidden")
	for _, auth := range []string{"Bearer wrong", "bearer wrong", "Bearer " + m.Token + "x", "Bearer plm_"} {
		s.auth = auth
		s.refused(s.ask("GET", "/api/v1/measures", nil), 401, "unauthorized")
	}
	// A variable that is not set shows nothing, and the password of a proxy
	// before us is not meant for us.
	for _, auth := range []string{"Bearer ", "Bearer", "Basic YWRhOnNlY3JldA=="} {
		s.auth = auth
		if got := s.ask("GET", "/api/v1/measures", nil); got.status != 200 {
			t.Errorf("%q: %d", auth, got.status)
		}
	}
}

// A word is a person's, and the name is that of the token.
func TestAWordOnEvidenceIsThatOfTheTokensHolder(t *testing.T) {
	a := newActors(t)
	a.send(trouble)
	id := a.evidence("")[0].ID
	ci, ada := a.as(a.tokens["deployer service"]), a.as(a.tokens["deployer person"])
	if e := ci.refused(ci.say(id, "reject", `{"reason":"it was not me"}`), 403, "forbidden"); !strings.Contains(e.Error.Message, "--kind person") {
		t.Errorf("%+v", e)
	}
	if e := ada.refused(ada.say(id, "reject", `{"reason":"a drill","actor":"Bob"}`), 400, "invalid"); e.Error.Field != "actor" {
		t.Errorf("%+v", e)
	}
	if got := ada.say(id, "reject", `{"reason":"a drill"}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	ada.say(id, "confirm", `{"reason":"no drill","actor":"deployer person","at":"2026-06-01T13:30:00Z"}`)
	var e evidence
	ada.get(ada.now("/api/v1/evidence/"+id), &e)
	if e.Actor != "deployer person" || len(e.Words) != 2 || e.Words[0].Actor != "deployer person" {
		t.Errorf("%+v", e)
	}
}

// Who is bound to a team reports, judges and aims for that team, and for what
// belongs to nobody.
func TestATeamBoundTokenActsForItsTeam(t *testing.T) {
	a := newActors(t)
	a.send(`{"type":"service","name":"web","team":"shop"}
{"type":"service","name":"ledger","team":"billing"}
{"type":"deployment","id":"l1","service":"ledger","environment":"production","version":"v1","finished_at":"2026-05-01T10:00:00Z"}
{"type":"deployment","id":"l2","service":"ledger","environment":"production","version":"v2","finished_at":"2026-05-02T10:00:00Z"}
{"type":"incident","id":"INC-9","services":["ledger"],"started_at":"2026-05-02T10:20:00Z"}`)
	a.get(a.now("/api/v1/services"), new(any))
	theirs := a.evidence("?service=ledger")[0].ID
	shop := a.as(a.makeToken(`{"name":"shop","role":"release_manager","kind":"person","team":"shop"}`).Token)
	const at = `"environment":"production","finished_at":"2026-05-03T10:00:00Z"}`
	for body, field := range map[string]string{
		`{"type":"deployment","id":"w1","service":"web",` + at:                                                                    "",
		`{"type":"deployment","id":"n1","service":"new","team":"shop",` + at:                                                      "",
		`{"type":"change","sha":"abc","repository":"github.com/acme/ledger","committed_at":"2026-05-03T10:00:00Z"}`:               "",
		`{"type":"incident","id":"INC-1","services":["web","new"],"started_at":"2026-05-03T10:00:00Z"}`:                           "",
		`{"type":"service","name":"new","team":"shop"}`:                                                                           "",
		`{"type":"deployment","id":"x1","service":"ledger",` + at:                                                                 "service",
		`{"type":"deployment","id":"x2","service":"new","team":"billing",` + at:                                                   "team",
		`{"type":"deployment","id":"l1","service":"web",` + at:                                                                    "service",
		`{"type":"incident","id":"INC-2","services":["web","ledger"],"started_at":"2026-05-03T10:00:00Z"}`:                        "service",
		`{"type":"incident","id":"INC-9","resolved_at":"2026-05-03T10:00:00Z"}`:                                                   "service",
		`{"type":"service","name":"ledger","team":"shop"}`:                                                                        "service",
		`{"type":"service","name":"another","team":"billing"}`:                                                                    "team",
		`{"type":"analysis","service":"ledger","environment":"production","phase":"failed","finished_at":"2026-05-03T10:00:00Z"}`: "service",
		`{"type":"flag","key":"k","environment":"production","services":["ledger"],"at":"2026-05-03T10:00:00Z"}`:                  "service",
	} {
		got := shop.ask("POST", "/api/v1/events", strings.NewReader(body))
		if field == "" {
			if got.status != 200 {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
			continue
		}
		if got.status == 200 {
			t.Errorf("%s was taken", body)
			continue
		}
		if e := shop.refused(got, 403, "forbidden"); e.Error.Field != field || e.Error.Index == nil || *e.Error.Index != 0 || !strings.Contains(e.Error.Message, "the team shop only") {
			t.Errorf("%s: %+v", body, e.Error)
		}
	}
	shop.refused(shop.say(theirs, "reject", `{"reason":"it was them"}`), 403, "forbidden")
	aim := func(s *site, scope, id string) answer {
		return s.ask("POST", "/api/v1/targets", strings.NewReader(fmt.Sprintf(
			`{"id":%q,"scope":%q,"measure":"lead_time","baseline":{"from":"2026-01-01","to":"2026-04-01"},"goals":[{"at":"2026-10-01","value":86400}]}`, id, scope)))
	}
	for scope, want := range map[string]int{"team:shop": 200, "service:web": 200, "service:new": 200, "org": 403, "team:billing": 403, "service:ledger": 403, "label:a=b": 403} {
		if got := aim(shop, scope, scope); got.status != want {
			t.Errorf("target of %s: %d %s", scope, got.status, got.body)
		}
	}
	var r receipt
	a.decode(aim(a.site, "team:billing", "faster").body, &r)
	a.get(fmt.Sprintf("/api/v1/targets?min_seq=%d", r.Position), new(any))
	for body, want := range map[string]string{`{"id":"faster","dropped":true}`: "scope"} {
		if e := shop.refused(shop.ask("POST", "/api/v1/targets", strings.NewReader(body)), 403, "forbidden"); e.Error.Field != want {
			t.Errorf("%+v", e.Error)
		}
	}
	if e := shop.refused(aim(shop, "team:shop", "faster"), 403, "forbidden"); e.Error.Field != "scope" {
		t.Errorf("%+v", e.Error)
	}
}
