// Package generic decodes JSON of any tool by a mapping in the configuration:
// which field of an event of ours stands where in the body. It refuses to guess:
// what the mapping does not name is not read.
package generic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Source returns how deliveries are read by a mapping.
func Source() source.Source {
	return source.Source{
		Name: "generic", Decoder: "generic/1",
		Verify: func(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool {
			switch {
			case h.Get("Webhook-Signature") != "":
				return source.Standard(secrets, h, body, now)
			case h.Get("X-Hub-Signature-256") != "":
				return source.HMAC("X-Hub-Signature-256", "sha256=")(secrets, h, body, now)
			}
			return source.Token("Authorization", "Bearer ")(secrets, h, body, now)
		},
		ID: source.HeaderID("Idempotency-Key", "Webhook-Id"),
		Persons: source.Persons{
			Objects: []string{"author", "committer", "user", "sender", "actor", "assignee", "assignees", "creator", "owner", "pusher", "deployer"},
			Names:   []string{"user_name", "username", "author_name", "triggered_by", "started_by"},
			Emails:  []string{"email", "user_email", "author_email"},
		},
		Decode: decode, Check: check,
	}
}

// lists are the fields that hold lists of texts.
var lists = []string{"services", "changes", "parents", "paths", "commits", "labels", "depends_on"}

func check(o *source.Options) error {
	if o.Fields["type"] == "" {
		return errors.New("fields: type is missing; say what the deliveries are, like type: =deployment")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Fields)) {
		if p := o.Fields[name]; p == "" || !strings.HasPrefix(p, "=") && strings.Contains(p, "..") {
			return fmt.Errorf("fields: %s: %q; expected a path like build.status, or = and a text", name, p)
		}
	}
	return nil
}

func decode(d source.Delivery) ([]source.Report, error) {
	if len(d.Options.Fields) == 0 {
		return nil, errors.New("the configuration maps no field")
	}
	dec := json.NewDecoder(strings.NewReader(string(d.Body)))
	dec.UseNumber()
	var body any
	if err := dec.Decode(&body); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(d.Options.When)) {
		if got := text(find(body, path)); !slices.Contains(d.Options.When[path], got) {
			return nil, source.Ignored("%s is %q", path, source.Text(got))
		}
	}
	r := source.Report{}
	for _, name := range slices.Sorted(maps.Keys(d.Options.Fields)) {
		path := d.Options.Fields[name]
		if fixed, ok := strings.CutPrefix(path, "="); ok {
			set(r, name, fixed)
			continue
		}
		v := find(body, path)
		if mapped, ok := d.Options.Values[text(v)]; ok {
			v = mapped
		}
		set(r, name, v)
	}
	if s, _ := r["service"].(string); s != "" {
		r["service"] = d.Named(s)
	}
	return []source.Report{r}, nil
}

// set puts a value into a field, in the kind that the field has.
func set(r source.Report, name string, v any) {
	switch {
	case v == nil:
	case strings.HasSuffix(name, "_at") || name == "at" || name == "commit_timestamp":
		var t source.Time
		raw, err := json.Marshal(v)
		if n, e := strconv.ParseInt(text(v), 10, 64); e == nil && n > 1e11 { // milliseconds
			raw = []byte(strconv.FormatInt(n/1000, 10))
		} else if e == nil {
			raw = []byte(text(v))
		}
		if err == nil && t.UnmarshalJSON(raw) == nil {
			r[name] = t.T()
		} else {
			r[name] = text(v) // refused with its name later
		}
	case slices.Contains(lists, name):
		var out []string
		if list, ok := v.([]any); ok {
			for _, x := range list {
				if s := source.Text(text(x)); s != "" {
					out = append(out, s)
				}
			}
		} else if s := source.Text(text(v)); s != "" {
			out = []string{s}
		}
		r[name] = out
	case name == "number" || name == "waited_seconds":
		r[name] = v
	case name == "planned" || name == "bot":
		r[name] = text(v) == "true"
	default:
		if s := text(v); s != "" {
			r[name] = s
		}
	}
}

// find follows a path of names and positions, like builds.0.status.
func find(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// text is a plain value as a text, "" for any other. Of what scrubbing leaves of
// a person it is the reference.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case map[string]any:
		s, _ := v["login"].(string)
		return s
	}
	return ""
}
