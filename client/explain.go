package client

import (
	"context"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Explained is a number with all that it is made of. Durations are in seconds,
// ratios from 0 to 1, and nil where nothing is known.
type Explained struct {
	Scope       string        `json:"scope"`
	Environment string        `json:"environment"`
	From        plimsoll.Time `json:"from"`
	To          plimsoll.Time `json:"to"`
	Zone        string        `json:"zone"`
	Definitions string        `json:"definitions"`
	Position    int64         `json:"position"`
	Measure     string        `json:"measure"`
	Basis       string        `json:"basis"`
	Title       string        `json:"title"`
	Formula     string        `json:"formula"`
	Unit        string        `json:"unit"` // per_day, ratio or s
	Numerator   string        `json:"numerator"`
	Denominator string        `json:"denominator"`
	Clauses     []string      `json:"clauses"`
	Benchmark   string        `json:"benchmark"`
	Notes       []string      `json:"notes"`
	Number      *Number       `json:"number"` // nil on every page but the first
	Facts       []Fact        `json:"facts"`
	NextCursor  string        `json:"next_cursor"`
}

// Number is the figure of an explanation.
type Number struct {
	Value       *float64    `json:"value"`
	CI          *[2]float64 `json:"ci"`
	N           int         `json:"n"`
	TooFew      bool        `json:"too_few"`
	Numerator   *float64    `json:"numerator"`
	Denominator *float64    `json:"denominator"`
	Open        int         `json:"open"`
	Negative    int         `json:"negative"`
	Provisional bool        `json:"provisional"`
	Band        *string     `json:"band"`
	API         string      `json:"api"`
	Field       string      `json:"field"`
	Bands       *struct {
		Name   string `json:"name"`
		Title  string `json:"title"`
		Source string `json:"source"`
	} `json:"bands"`
	Reasons []ReasonCount `json:"reasons"`
}

// ReasonCount says how many facts have a reason.
type ReasonCount struct {
	Reason  string   `json:"reason"`
	Role    string   `json:"role"`
	Counted bool     `json:"counted"`
	Because string   `json:"because"`
	Clauses []string `json:"clauses"`
	N       int      `json:"n"`
}

// Fact is one fact and how it stands to the number.
type Fact struct {
	Type        string        `json:"type"`
	ID          string        `json:"id"`
	Counted     bool          `json:"counted"`
	Role        string        `json:"role"`
	Reason      string        `json:"reason"`
	Because     string        `json:"because"`
	At          plimsoll.Time `json:"at"`
	Begin       plimsoll.Time `json:"begin"`
	End         plimsoll.Time `json:"end"`
	Value       *float64      `json:"value"`
	Service     string        `json:"service"`
	Services    []string      `json:"services"`
	Environment string        `json:"environment"`
	Version     string        `json:"version"`
	CommitSHA   string        `json:"commit_sha"`
	Title       string        `json:"title"`
	Deployment  string        `json:"deployment"`
}

// Explain asks why a measure has its number; params are those of the API.
func (c *Client) Explain(ctx context.Context, measure string, params url.Values) (Explained, error) {
	var e Explained
	return e, c.Get(ctx, "/api/v1/explain/"+url.PathEscape(measure), params, &e)
}
