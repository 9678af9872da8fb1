package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Token is a token of the API. Its text is there only in the answer that made
// it.
type Token struct {
	ID         string             `json:"id"`
	Name       string             `json:"name"`
	Kind       plimsoll.ActorKind `json:"kind"`
	Role       plimsoll.Role      `json:"role"`
	Team       string             `json:"team"` // "" for all
	IngestOnly bool               `json:"ingest_only"`
	Status     string             `json:"status"` // live, expired or revoked
	CreatedAt  plimsoll.Time      `json:"created_at"`
	CreatedBy  string             `json:"created_by"`
	ExpiresAt  plimsoll.Time      `json:"expires_at"` // unknown for never
	RevokedAt  plimsoll.Time      `json:"revoked_at"`
	RevokedBy  string             `json:"revoked_by"`
	LastUsedAt plimsoll.Time      `json:"last_used_at"` // within some minutes
	Token      string             `json:"token,omitempty"`
}

// TokenWish is what a new token shall be. What is empty is left to the server.
type TokenWish struct {
	Name       string `json:"name"`
	Kind       string `json:"kind,omitempty"` // person or service
	Role       string `json:"role,omitempty"`
	Team       string `json:"team,omitempty"`
	IngestOnly bool   `json:"ingest_only,omitempty"`
	Expires    string `json:"expires,omitempty"` // a span like 90d, a date, a time, or never
}

// Identity is who asks, as the server sees it.
type Identity struct {
	Kind        plimsoll.ActorKind    `json:"kind"`
	Name        string                `json:"name"`
	TokenID     string                `json:"token_id"` // "" without a token
	Role        plimsoll.Role         `json:"role"`
	Team        string                `json:"team"`
	Permissions []plimsoll.Permission `json:"permissions"`
}

// Whoami asks who asks.
func (c *Client) Whoami(ctx context.Context) (out Identity, err error) {
	return out, c.Get(ctx, "/api/v1/whoami", nil, &out)
}

// Tokens lists the tokens; with all also those that have ended.
func (c *Client) Tokens(ctx context.Context, all bool) ([]Token, error) {
	params := url.Values{}
	if all {
		params.Set("all", "true")
	}
	var out struct {
		Tokens []Token `json:"tokens"`
	}
	err := c.Get(ctx, "/api/v1/tokens", params, &out)
	return out.Tokens, err
}

// CreateToken makes a token. It is tried once: when an answer is lost, nobody
// has the token that it held, and a second one would only hide that.
func (c *Client) CreateToken(ctx context.Context, w TokenWish) (Token, error) {
	return c.makeToken(ctx, "/api/v1/tokens", w)
}

// RotateToken makes a token like another, which ends after overlap, like 24h;
// at once if that is empty. It is tried once, like CreateToken.
func (c *Client) RotateToken(ctx context.Context, id, overlap string) (Token, error) {
	return c.makeToken(ctx, "/api/v1/tokens/"+url.PathEscape(id)+"/rotate", map[string]string{"overlap": overlap})
}

func (c *Client) makeToken(ctx context.Context, path string, in any) (out Token, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	_, err = c.once(ctx, http.MethodPost, path, body, &out)
	return out, err
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id string) (out Token, err error) {
	return out, c.do(ctx, http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(id), nil, &out)
}
