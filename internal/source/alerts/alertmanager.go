// Package alerts decodes what tells of incidents: Alertmanager, PagerDuty and
// incident.io. It refuses to invent stamps: when somebody was told is when it was
// detected, and when the impact began stands there only if the tool says so.
package alerts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

var (
	serviceLabels = []string{"service", "app_kubernetes_io_name", "app", "deployment", "job"}
	severities    = []string{"critical", "page", "error", "high", "sev1", "sev2", "p1", "p2"}
)

// Alertmanager returns how notifications of Alertmanager are read.
func Alertmanager() source.Source {
	return source.Source{
		Name: "alertmanager", Decoder: "alertmanager/1",
		Verify:  source.Token("Authorization", "Bearer "),
		ID:      source.HeaderID(),
		Persons: source.Persons{Objects: []string{"owner", "assignee", "author"}, Drop: []string{"description", "runbook"}},
		Decode:  decodeAlerts,
	}
}

func decodeAlerts(d source.Delivery) ([]source.Report, error) {
	var in struct {
		Version string `json:"version"`
		Alerts  []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
			StartsAt    source.Time       `json:"startsAt"`
			EndsAt      source.Time       `json:"endsAt"`
			Generator   string            `json:"generatorURL"`
			Fingerprint string            `json:"fingerprint"`
		} `json:"alerts"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	if in.Version != "4" {
		return nil, fmt.Errorf("version %q; expected 4", in.Version)
	}
	names := slices.Concat(d.Options.ServiceLabels, serviceLabels)
	wanted := d.Options.Severities
	if len(wanted) == 0 {
		wanted = severities
	}
	var out []source.Report
	for i, a := range in.Alerts {
		severity := a.Labels["severity"]
		if !source.Any(wanted, severity) {
			continue
		}
		if !a.StartsAt.T().Known() {
			return nil, fmt.Errorf("alerts[%d].startsAt is missing", i)
		}
		// One fingerprint fires again and again: each time is another incident.
		r := source.Report{
			"type": "incident", "id": "alertmanager/" + cmp.Or(a.Fingerprint, fingerprint(a.Labels)) + "/" + a.StartsAt.T().String(),
			"environment": cmp.Or(a.Labels["environment"], a.Labels["env"]), "severity": severity, "detected_at": a.StartsAt.T(),
			"title": cmp.Or(a.Annotations["summary"], a.Labels["alertname"]), "url": a.Generator, "occurred_at": a.StartsAt.T(),
			"labels": map[string]any{"alertname": a.Labels["alertname"]},
		}
		for _, name := range names {
			if s := a.Labels[name]; s != "" {
				r["services"] = []string{d.Named(s)}
				break
			}
		}
		// Until it is over, endsAt is when it would be without news.
		if a.Status == "resolved" {
			r["resolved_at"], r["occurred_at"] = a.EndsAt.T(), a.EndsAt.T().Or(a.StartsAt.T())
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, source.Ignored("no alert has one of the severities %s", strings.Join(wanted, ", "))
	}
	return out, nil
}

// fingerprint names a set of labels.
func fingerprint(labels map[string]string) string {
	var lines []string
	for k, v := range labels {
		lines = append(lines, k+"\x00"+v)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\x01")))
	return hex.EncodeToString(sum[:8])
}

// PagerDuty returns how version 3 of PagerDuty's webhooks is read.
func PagerDuty() source.Source {
	return source.Source{
		Name: "pagerduty", Decoder: "pagerduty/1",
		Verify: source.HMAC("X-PagerDuty-Signature", "v1="),
		ID:     source.HeaderID("X-Webhook-Id"),
		Persons: source.Persons{
			Objects: []string{"agent", "assignees", "assignee", "user", "responders", "requester", "resolved_by", "acknowledger"},
			Drop:    []string{"body", "message", "escalation_policy", "conference_bridge", "teams"},
		},
		Decode: decodePage,
	}
}

func decodePage(d source.Delivery) ([]source.Report, error) {
	type named struct {
		Summary string `json:"summary"`
	}
	var in struct {
		Event struct {
			Type string      `json:"event_type"`
			At   source.Time `json:"occurred_at"`
			Data struct {
				ID        string      `json:"id"`
				Title     string      `json:"title"`
				HTMLURL   string      `json:"html_url"`
				Urgency   string      `json:"urgency"`
				CreatedAt source.Time `json:"created_at"`
				Service   *named      `json:"service"`
				Priority  *named      `json:"priority"`
			} `json:"data"`
		} `json:"event"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	e := in.Event
	field, ok := map[string]string{
		"incident.triggered": "detected_at", "incident.acknowledged": "acknowledged_at", "incident.resolved": "resolved_at",
		"incident.priority_updated": "", "incident.reopened": "",
	}[e.Type]
	switch {
	case e.Type == "":
		return nil, fmt.Errorf("event.event_type is missing")
	case !ok:
		return nil, source.Ignored("events %s are of no interest", e.Type)
	case e.Data.ID == "" || !e.At.T().Known():
		return nil, fmt.Errorf("event.data.id or event.occurred_at is missing")
	}
	r := source.Report{
		"type": "incident", "id": "pagerduty/" + e.Data.ID, "title": e.Data.Title, "url": e.Data.HTMLURL, "severity": e.Data.Urgency,
		"detected_at": e.Data.CreatedAt.T(), "occurred_at": e.At.T(),
	}
	if e.Data.Priority != nil && e.Data.Priority.Summary != "" {
		r["severity"] = e.Data.Priority.Summary
	}
	if e.Data.Service != nil && e.Data.Service.Summary != "" {
		r["services"] = []string{d.Named(e.Data.Service.Summary)}
	}
	if at, _ := r["detected_at"].(plimsoll.Time); field != "" && (field != "detected_at" || !at.Known()) {
		r[field] = e.At.T()
	}
	return []source.Report{r}, nil
}
