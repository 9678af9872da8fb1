// Package cdevents decodes CloudEvents: those of CDEvents, and those that carry
// an event of our own form. It refuses to read more into a CDEvent than stands
// there: it names no commit, and a deployment only when it is over.
package cdevents

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Source returns how CloudEvents are read.
func Source() source.Source {
	return source.Source{
		Name: "cdevents", Decoder: "cdevents/1",
		Verify: func(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool {
			if h.Get("Webhook-Signature") != "" {
				return source.Standard(secrets, h, body, now)
			}
			return source.Token("Authorization", "Bearer ")(secrets, h, body, now)
		},
		ID: func(h http.Header) string {
			if id := h.Get("Ce-Source") + " " + h.Get("Ce-Id"); h.Get("Ce-Id") != "" && len(id) <= 200 {
				return id
			}
			return ""
		},
		Headers: []string{"Ce-Type", "Ce-Id", "Ce-Time"},
		Persons: source.Persons{
			Objects: []string{"author", "committer", "user", "sender", "actor", "creator", "deployer", "owner"}, Names: []string{"username", "author_name", "committer_name"},
			Emails: []string{"email", "author_email", "committer_email"},
		},
		Decode: decode,
	}
}

// own are the types of events of ours, which a CloudEvent may carry.
var own = []string{"deployment", "change", "pull_request", "incident", "analysis", "flag", "service"}

type event struct {
	Context struct {
		ID   string      `json:"id"`
		Type string      `json:"type"`
		At   source.Time `json:"timestamp"`
	} `json:"context"`
	Subject struct {
		ID      string `json:"id"`
		Content struct {
			Environment *reference `json:"environment"`
			Service     *reference `json:"service"`
			Artifact    string     `json:"artifactId"`
			Description string     `json:"description"`
		} `json:"content"`
	} `json:"subject"`
	Custom json.RawMessage `json:"customData"`
}

type reference struct {
	ID string `json:"id"`
}

func decode(d source.Delivery) ([]source.Report, error) {
	var envelope struct {
		Spec string          `json:"specversion"`
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := d.Read(&envelope); err != nil {
		return nil, err
	}
	kind, data := d.Header.Get("Ce-Type"), json.RawMessage(d.Body)
	if envelope.Spec != "" {
		kind, data = envelope.Type, envelope.Data
	}
	if kind == "" {
		return nil, fmt.Errorf("no CloudEvent: there is neither specversion nor the header ce-type")
	}
	if !strings.HasPrefix(kind, "dev.cdevents.") {
		last := kind[strings.LastIndex(kind, ".")+1:]
		if !slices.Contains(own, last) {
			return nil, source.Ignored("events %s are of no interest", kind)
		}
		r := source.Report{}
		if err := json.Unmarshal(data, &r); err != nil || len(r) == 0 {
			return nil, fmt.Errorf("data of %s is no object", kind)
		}
		delete(r, "delivery_id")
		r["type"] = last
		return []source.Report{r}, nil
	}
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("data of %s is no CDEvent: %w", kind, err)
	}
	return e.report(&d, kind)
}

func (e *event) report(d *source.Delivery, kind string) ([]source.Report, error) {
	// dev.cdevents.SUBJECT.PREDICATE.VERSION
	parts := strings.SplitN(strings.TrimPrefix(kind, "dev.cdevents."), ".", 3)
	what := strings.Join(parts[:min(2, len(parts))], ".")
	switch what {
	case "service.deployed", "service.upgraded", "service.rolledback":
		return e.deployment(d, what)
	case "incident.detected", "incident.reported", "incident.resolved":
	default:
		return nil, source.Ignored("events %s are of no interest", what)
	}
	at := e.Context.At.T()
	if e.Subject.ID == "" || !at.Known() {
		return nil, fmt.Errorf("an incident without subject.id or context.timestamp")
	}
	r := source.Report{"type": "incident", "id": "cdevents/" + e.Subject.ID, "title": e.Subject.Content.Description, "occurred_at": at}
	if x := e.Subject.Content.Environment; x != nil {
		r["environment"] = path.Base(x.ID)
	}
	if x := e.Subject.Content.Service; x != nil {
		r["services"] = []string{d.Named(path.Base(x.ID))}
	}
	if what == "incident.resolved" {
		r["resolved_at"] = at
	} else {
		r["detected_at"] = at
	}
	return []source.Report{r}, nil
}

func (e *event) deployment(d *source.Delivery, what string) ([]source.Report, error) {
	at, environment := e.Context.At.T(), e.Subject.Content.Environment
	if e.Context.ID == "" || e.Subject.ID == "" || environment == nil || !at.Known() {
		return nil, fmt.Errorf("%s without context.id, context.timestamp, subject.id or subject.content.environment", what)
	}
	// What CDEvents has no word for may stand in customData, by our names.
	var more struct {
		CommitSHA  string      `json:"commit_sha"`
		Repository string      `json:"repository"`
		Version    string      `json:"version"`
		StartedAt  source.Time `json:"started_at"`
		URL        string      `json:"url"`
	}
	_ = json.Unmarshal(e.Custom, &more) // it may be of any shape
	r := source.Report{
		"type": "deployment", "id": "cdevents/" + e.Context.ID, "service": d.Named(path.Base(e.Subject.ID)), "environment": path.Base(environment.ID),
		"version": cmp.Or(more.Version, versionOf(e.Subject.Content.Artifact)), "commit_sha": more.CommitSHA, "started_at": more.StartedAt.T(),
		"finished_at": at, "result": "success", "url": more.URL,
	}
	if more.Repository != "" {
		r["repository"] = d.Repository(more.Repository)
	}
	if what == "service.rolledback" {
		r["kind"] = string(plimsoll.KindRollback)
	}
	return []source.Report{r}, nil
}

// versionOf is the version of a package URL: its tag if it has one, since an
// image's version is a digest.
func versionOf(purl string) string {
	rest, query, _ := strings.Cut(purl, "?")
	if values, err := url.ParseQuery(query); err == nil && values.Get("tag") != "" {
		return values.Get("tag")
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		if v, err := url.PathUnescape(rest[at+1:]); err == nil {
			return v
		}
	}
	return ""
}
