package client

import (
	"context"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Late compares what was known of a window at two times.
type Late struct {
	Then    Measures    `json:"then"`
	Now     Measures    `json:"now"`
	Events  []LateEvent `json:"events"`   // with which facts under the measures changed
	Others  []LateEvent `json:"others"`   // that came between them about the same services
	LeftOut int         `json:"left_out"` // events that the lists do not show
}

// LateEvent is an event that was learnt late.
type LateEvent struct {
	Seq        int64         `json:"seq"`
	ReceivedAt plimsoll.Time `json:"received_at"`
	OccurredAt plimsoll.Time `json:"occurred_at"`
	Type       string        `json:"type"`
	Subject    string        `json:"subject"`
	Source     string        `json:"source"`
	Services   []string      `json:"services"` // empty when it may concern all
	Changed    []struct {
		Fact string `json:"fact"`
		ID   string `json:"id"`
		How  string `json:"how"` // began, ended or changed
	} `json:"changed"`
}

// Late asks what was learnt since as_of; params are those of the API.
func (c *Client) Late(ctx context.Context, params url.Values) (Late, error) {
	var l Late
	return l, c.Get(ctx, "/api/v1/late", params, &l)
}
