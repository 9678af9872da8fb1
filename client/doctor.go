package client

import (
	"context"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Doctor is what a look at a server and its store found.
type Doctor struct {
	Status   string             `json:"status"` // the worst of the findings: ok, warn or fail
	Findings []plimsoll.Finding `json:"findings"`
}

// Doctor looks at the server and its store. quick leaves out what reads the whole
// database.
func (c *Client) Doctor(ctx context.Context, quick bool) (out Doctor, err error) {
	params := url.Values{}
	if quick {
		params.Set("quick", "true")
	}
	return out, c.Get(ctx, "/api/v1/doctor", params, &out)
}
