package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Level is where a measure stood in one period.
type Level struct {
	Value  *float64    `json:"value"`
	CI     *[2]float64 `json:"ci"`
	N      float64     `json:"n"` // of a frequency, days
	TooFew bool        `json:"too_few"`
}

// Baseline is what a target can start from.
type Baseline struct {
	Measure string        `json:"measure"`
	From    plimsoll.Time `json:"from"`
	To      plimsoll.Time `json:"to"`
	Days    float64       `json:"days"`
	Level
	Valid bool   `json:"valid"`
	Words string `json:"words"`
}

// Comparison sets a measure of a period against an earlier one.
type Comparison struct {
	Measure    string      `json:"measure"`
	Earlier    Level       `json:"earlier"`
	Later      Level       `json:"later"`
	Difference *float64    `json:"difference"`
	CI         *[2]float64 `json:"ci"`
	Verdict    string      `json:"verdict"`
	Words      string      `json:"words"`

	EarlierWords    string `json:"earlier_words"`
	LaterWords      string `json:"later_words"`
	DifferenceWords string `json:"difference_words"`
}

// Trend is the course of a measure over weeks.
type Trend struct {
	Measure string      `json:"measure"`
	Method  string      `json:"method"`
	Weeks   int         `json:"weeks"`
	Missing int         `json:"missing"`
	Slope   *float64    `json:"slope"` // a week
	CI      *[2]float64 `json:"ci"`
	P       *float64    `json:"p"`
	Verdict string      `json:"verdict"`
	Words   string      `json:"words"`

	SlopeWords string `json:"slope_words"`
}

// Target is a target with where it stands.
type Target struct {
	ID       string          `json:"id"`
	Scope    string          `json:"scope"`
	Measure  string          `json:"measure"`
	Baseline Baseline        `json:"baseline"`
	Goals    []plimsoll.Goal `json:"goals"`
	Status   string          `json:"status"`
	Words    string          `json:"words"`
	Path     *float64        `json:"path"`
	Goal     *plimsoll.Goal  `json:"goal"`
	Current  Level           `json:"current"`
	Needed   int             `json:"needed"`
}

// Sign is one sign of gaming: a question for the review.
type Sign struct {
	Sign     string   `json:"sign"`
	State    string   `json:"state"`
	Question string   `json:"question"`
	Facts    []string `json:"facts"`
	Found    int      `json:"found"`
	N        int      `json:"n"`
	Expected float64  `json:"expected"`
	Observed float64  `json:"observed"`
	Strength string   `json:"strength"`
}

// Bottleneck says in which stage the time of a scope goes.
type Bottleneck struct {
	Changes   int      `json:"changes"`
	Unknown   *float64 `json:"unknown"`
	MostHours []string `json:"most_hours"`
	MostSlow  []string `json:"most_slow"`
	Words     string   `json:"words"`
	Stages    []struct {
		Stage       string      `json:"stage"`
		N           int         `json:"n"`
		Coverage    float64     `json:"coverage"`
		P50         *float64    `json:"p50"`
		P90         *float64    `json:"p90"`
		HoursAMonth *float64    `json:"hours_a_month"`
		Share       *float64    `json:"share"`
		ShareCI     *[2]float64 `json:"share_ci"`
		SlowShare   *float64    `json:"slow_share"`
		Past        Comparison  `json:"past"`
		Rest        Comparison  `json:"rest"`
	} `json:"stages"`
	WhatIf []struct {
		Stage   string   `json:"stage"`
		P50     *float64 `json:"p50"`
		Would   *float64 `json:"would"`
		Verdict string   `json:"verdict"`
		Words   string   `json:"words"`
	} `json:"what_if"`
}

// Window is what an answer is about.
type Window struct {
	Scope       string        `json:"scope"`
	Environment string        `json:"environment"`
	From        plimsoll.Time `json:"from"`
	To          plimsoll.Time `json:"to"`
	Zone        string        `json:"zone"`
	EarlierFrom plimsoll.Time `json:"earlier_from"` // of a comparison and of signs
	EarlierTo   plimsoll.Time `json:"earlier_to"`   // of a comparison
}

// Baseline asks for the baseline of a measure; params are those of the API.
func (c *Client) Baseline(ctx context.Context, params url.Values) (out struct {
	Window
	Baseline Baseline `json:"baseline"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/baseline", params, &out)
}

// Compare sets every measure of a window against an earlier one.
func (c *Client) Compare(ctx context.Context, params url.Values) (out struct {
	Window
	Comparisons []Comparison `json:"comparisons"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/compare", params, &out)
}

// Trend asks for the trend of a measure.
func (c *Client) Trend(ctx context.Context, params url.Values) (out struct {
	Window
	Trend Trend `json:"trend"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/trend", params, &out)
}

// Targets asks where the targets stand.
func (c *Client) Targets(ctx context.Context, params url.Values) (out struct {
	At      plimsoll.Time `json:"at"`
	Targets []Target      `json:"targets"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/targets", params, &out)
}

// Signs asks for the signs of gaming.
func (c *Client) Signs(ctx context.Context, params url.Values) (out struct {
	Window
	Signs []Sign `json:"signs"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/gaming-signs", params, &out)
}

// Bottleneck asks in which stage the time goes.
func (c *Client) Bottleneck(ctx context.Context, params url.Values) (out struct {
	Window
	Cut        bool       `json:"cut"`
	Bottleneck Bottleneck `json:"bottleneck"`
}, err error) {
	return out, c.Get(ctx, "/api/v1/bottleneck", params, &out)
}

// SetTarget sends a target in the form of the API, and returns its id and the
// position in the log that includes it. To send it again does no harm.
func (c *Client) SetTarget(ctx context.Context, target any) (id string, position int64, err error) {
	body, err := json.Marshal(target)
	if err != nil {
		return "", 0, err
	}
	var out struct {
		ID       string `json:"id"`
		Position int64  `json:"position"`
	}
	err = c.do(ctx, http.MethodPost, "/api/v1/targets", body, &out)
	return out.ID, out.Position, err
}
