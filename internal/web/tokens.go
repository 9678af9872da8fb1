package web

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
)

// newToken is a token with its text, which is shown this once.
type newToken struct {
	auth.Token
	Text string `json:"token"`
}

// getWhoami says who asks, and what that may do.
func (s *Server) getWhoami(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	a := actorOf(r)
	out := struct {
		Kind        plimsoll.ActorKind    `json:"kind"`
		Name        string                `json:"name"`
		TokenID     string                `json:"token_id,omitempty"`
		Role        plimsoll.Role         `json:"role"`
		Team        string                `json:"team"`
		Permissions []plimsoll.Permission `json:"permissions"`
	}{a.Kind, a.Name, a.Token, a.Role, a.Team, []plimsoll.Permission{}}
	for _, p := range plimsoll.Permissions() {
		if a.May(p) == nil {
			out.Permissions = append(out.Permissions, p)
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getTokens(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, "all")
	if err != nil {
		return err
	}
	all := a.values.Get("all")
	if all != "" && all != "true" && all != "false" {
		return plimsoll.FieldErrorf("all", "%q; expected true or false", all)
	}
	list, err := s.opt.Guard.List(r.Context(), all == "true")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]auth.Token{"tokens": list})
	return nil
}

// defaultLife is how long a token is good when nobody says.
const defaultLife = 90 * 24 * time.Hour

func (s *Server) postToken(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	var body struct {
		Name       string             `json:"name"`
		Kind       plimsoll.ActorKind `json:"kind"`
		Role       plimsoll.Role      `json:"role"`
		Team       string             `json:"team"`
		IngestOnly bool               `json:"ingest_only"`
		Expires    string             `json:"expires"`
	}
	if err := readJSON(w, r, &body, "a token has name, kind, role, team, ingest_only and expires"); err != nil {
		return err
	}
	until, err := s.expiry(body.Expires)
	if err != nil {
		return err
	}
	t, text, err := s.opt.Guard.Create(r.Context(), auth.Wish{
		Name: body.Name, Kind: body.Kind, Role: body.Role, Team: body.Team, IngestOnly: body.IngestOnly, ExpiresAt: until,
	}, actorOf(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, newToken{t, text})
	return nil
}

// expiry reads when a token shall end: a span like 90d, a date, a time, or
// never.
func (s *Server) expiry(text string) (plimsoll.Time, error) {
	now := s.opt.Desk.Now()
	switch text {
	case "":
		return now.Add(defaultLife), nil
	case "never":
		return 0, nil
	}
	if span, ok := plimsoll.ParseSpan(text); ok {
		return now.Add(span), nil
	}
	t, err := plimsoll.ParseMoment("expires", text, now, s.opt.Desk.Zone())
	if err != nil {
		return 0, plimsoll.FieldErrorf("expires", "%q; expected a span like 90d, a date, a time, or never", text)
	}
	return t, nil
}

func (s *Server) rotateToken(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	var body struct {
		Overlap string `json:"overlap"`
	}
	if err := readJSON(w, r, &body, "it takes overlap"); err != nil {
		return err
	}
	var overlap time.Duration
	if body.Overlap != "" {
		var ok bool
		if overlap, ok = plimsoll.ParseSpan(body.Overlap); !ok {
			return plimsoll.FieldErrorf("overlap", "%q; expected a number with m, h, d or w, like 24h", body.Overlap)
		}
	}
	t, text, err := s.opt.Guard.Rotate(r.Context(), r.PathValue("id"), overlap, actorOf(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, newToken{t, text})
	return nil
}

func (s *Server) deleteToken(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	t, err := s.opt.Guard.Revoke(r.Context(), r.PathValue("id"), actorOf(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}
