// Package gitea decodes the webhooks of Gitea and Forgejo, which are nearly
// those of GitHub. It refuses to repeat what that package knows: what differs is
// brought into its form.
package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
	"github.com/plimsoll-dev/plimsoll/internal/source/github"
)

// Source returns how deliveries of Gitea and Forgejo are read.
func Source() source.Source {
	like := github.Source()
	return source.Source{
		Name: "gitea", Decoder: "gitea/1",
		Verify: func(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool {
			if h.Get("X-Gitea-Signature") != "" {
				return source.HMAC("X-Gitea-Signature", "")(secrets, h, body, now)
			}
			return like.Verify(secrets, h, body, now)
		},
		ID:      source.HeaderID("X-Gitea-Delivery", "X-Forgejo-Delivery"),
		Headers: []string{"X-Gitea-Event", "X-Forgejo-Event"},
		Persons: like.Persons,
		Decode: func(d source.Delivery) ([]source.Report, error) {
			event := d.Header.Get("X-Gitea-Event")
			if event == "" {
				event = d.Header.Get("X-Forgejo-Event")
			}
			verdict, isReview := strings.CutPrefix(event, "pull_request_")
			switch {
			case event == "":
				return nil, fmt.Errorf("the header X-Gitea-Event is missing")
			case isReview && (verdict == "approved" || verdict == "rejected" || verdict == "comment"):
				body, err := review(d.Body, verdict)
				if err != nil {
					return nil, err
				}
				d.Body, event = body, "pull_request_review"
			}
			d.Header = http.Header{"X-Github-Event": {event}}
			return like.Decode(d)
		},
	}
}

// review brings a review into the form of GitHub. It was made by the sender, and
// says no time of its own: the pull request was touched at that moment.
func review(body []byte, verdict string) ([]byte, error) {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	var pull struct {
		UpdatedAt string `json:"updated_at"`
	}
	if err := json.Unmarshal(in["pull_request"], &pull); err != nil {
		return nil, fmt.Errorf("pull_request is missing")
	}
	made, err := json.Marshal(map[string]any{"state": verdict, "submitted_at": pull.UpdatedAt, "user": in["sender"]})
	if err != nil {
		return nil, err
	}
	in["action"], in["review"] = json.RawMessage(`"submitted"`), made
	return json.Marshal(in)
}
