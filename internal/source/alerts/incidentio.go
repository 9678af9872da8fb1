package alerts

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// IncidentIO returns how the webhooks of incident.io are read.
func IncidentIO() source.Source {
	return source.Source{
		Name: "incident.io", Decoder: "incident.io/1",
		Verify: source.Standard,
		ID:     source.HeaderID("Webhook-Id"),
		Persons: source.Persons{
			Objects: []string{"user", "creator", "assignee", "actor", "alert_creator", "lead", "updater"},
			Drop:    []string{"summary", "postmortem_document_url", "call_url", "slack_channel_name"},
		},
		Decode: decodeIncident,
	}
}

// stamps are the names of timestamps, as incident.io ships them, and ours.
var stamps = map[string]string{
	"impact started at": "started_at", "reported at": "detected_at", "identified at": "diagnosed_at", "accepted at": "acknowledged_at",
	"fixed at": "mitigated_at", "resolved at": "resolved_at",
}

func decodeIncident(d source.Delivery) ([]source.Report, error) {
	var outer map[string]json.RawMessage
	if err := d.Read(&outer); err != nil {
		return nil, err
	}
	var kind string
	if err := json.Unmarshal(outer["event_type"], &kind); err != nil || kind == "" {
		return nil, fmt.Errorf("event_type is missing")
	}
	if !strings.HasPrefix(kind, "public_incident.incident_") {
		return nil, source.Ignored("events %s are of no interest", kind)
	}
	// What the event is about stands under its type; of an update, below that.
	body := outer[kind]
	var wrapped struct {
		Incident json.RawMessage `json:"incident"`
	}
	if json.Unmarshal(body, &wrapped) == nil && len(wrapped.Incident) > 0 {
		body = wrapped.Incident
	}
	var in struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Mode      string `json:"mode"`
		Permalink string `json:"permalink"`
		Severity  *struct {
			Name string `json:"name"`
		} `json:"severity"`
		Status *struct {
			Category string `json:"category"`
		} `json:"incident_status"`
		CreatedAt source.Time `json:"created_at"`
		UpdatedAt source.Time `json:"updated_at"`
		Stamps    []struct {
			Stamp struct {
				Name string `json:"name"`
			} `json:"incident_timestamp"`
			Value *struct {
				Value source.Time `json:"value"`
			} `json:"value"`
		} `json:"incident_timestamp_values"`
		Fields []struct {
			Field struct {
				Name string `json:"name"`
			} `json:"custom_field"`
			Values []struct {
				Text   string `json:"value_text"`
				Option *struct {
					Value string `json:"value"`
				} `json:"value_option"`
				Entry *struct {
					Name string `json:"name"`
				} `json:"value_catalog_entry"`
			} `json:"values"`
		} `json:"custom_field_entries"`
	}
	if len(body) == 0 || json.Unmarshal(body, &in) != nil || in.ID == "" {
		return nil, fmt.Errorf("%s does not hold an incident with an id", kind)
	}
	if in.Mode == "test" || in.Mode == "tutorial" {
		return nil, source.Ignored("it is a %s", in.Mode)
	}
	if in.Status != nil && (in.Status.Category == "declined" || in.Status.Category == "canceled" || in.Status.Category == "merged") {
		return nil, source.Ignored("it was %s: it was no incident of its own", in.Status.Category)
	}
	r := source.Report{
		"type": "incident", "id": "incident.io/" + in.ID, "title": in.Name, "url": in.Permalink, "detected_at": in.CreatedAt.T(), "occurred_at": in.UpdatedAt.T().Or(in.CreatedAt.T()),
	}
	if in.Severity != nil {
		r["severity"] = in.Severity.Name
	}
	for _, s := range in.Stamps {
		if field := stamps[strings.ToLower(s.Stamp.Name)]; field != "" && s.Value != nil && s.Value.Value.T().Known() {
			r[field] = s.Value.Value.T()
		}
	}
	var services []string
	for _, f := range in.Fields {
		name := strings.ToLower(f.Field.Name)
		for _, v := range f.Values {
			value := v.Text
			if v.Option != nil {
				value = v.Option.Value
			}
			if v.Entry != nil {
				value = v.Entry.Name
			}
			switch value = source.Text(value); {
			case value == "":
			case strings.HasPrefix(name, "service") || strings.HasPrefix(name, "affected service"):
				services = append(services, d.Named(value))
			case name == "environment":
				r["environment"] = value
			}
		}
	}
	r["services"] = services
	return []source.Report{r}, nil
}
