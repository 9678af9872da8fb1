package native

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
)

// reader takes the fields of one object one by one, by name. The first error
// stays; what is left over at the end is a label or a misspelling.
type reader struct {
	fields map[string]json.RawMessage
	opt    Options
	prefix string // of the field names in errors, for nested objects
	asked  map[string]bool
	err    error
}

func (r *reader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = plimsoll.FieldErrorf(r.prefix+field, format, args...)
	}
}

// take removes a field and returns its value; ok is false when it is absent or
// null.
func (r *reader) take(field string) (json.RawMessage, bool) {
	if r.asked == nil {
		r.asked = map[string]bool{}
	}
	r.asked[field] = true
	raw, ok := r.fields[field]
	delete(r.fields, field)
	return raw, ok && string(raw) != "null"
}

// text reads a string of at most most characters.
func (r *reader) text(field string, most int) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		r.fail(field, "%s is not a string", excerpt(raw))
		return ""
	}
	return r.checked(field, s, most)
}

func (r *reader) checked(field, s string, most int) string {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n > most {
		r.fail(field, "%d characters; at most %d are kept", n, most)
		return ""
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		r.fail(field, "control character %q; send plain text", s[i])
		return ""
	}
	return s
}

func (r *reader) name(field string) string { return r.text(field, maxName) }

func (r *reader) required(field string) string {
	s := r.name(field)
	if s == "" {
		r.fail(field, "missing; it is required")
	}
	return s
}

// sha reads an opaque commit name.
func (r *reader) sha(field string) string {
	return r.checkSHA(field, r.name(field))
}

func (r *reader) checkSHA(field, s string) string {
	ok := len(s) <= maxSHA && strings.IndexFunc(s, func(c rune) bool {
		return !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || strings.ContainsRune("._-", c))
	}) < 0
	if !ok {
		r.fail(field, "%q is no commit; expected 1 to 64 characters of 0-9 A-Z a-z . _ -", excerpt([]byte(s)))
		return ""
	}
	return s
}

// time reads a time; one that lies further ahead than a wrong clock explains
// is refused.
func (r *reader) time(field string) plimsoll.Time {
	raw, ok := r.take(field)
	if !ok {
		return 0
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		r.fail(field, "%s is not a time; expected RFC 3339 in quotes, like \"2026-03-24T10:15:00Z\"", excerpt(raw))
		return 0
	}
	t, err := plimsoll.ParseTime(strings.TrimSpace(s))
	if err != nil {
		r.fail(field, "%v", err)
		return 0
	}
	if t > r.opt.Now.Add(ahead) {
		r.fail(field, "%s lies in the future (it is %s here); check the sender's clock and time zone", s, r.opt.Now.Std().Format("2006-01-02T15:04:05Z"))
		return 0
	}
	return t
}

func (r *reader) flagField(field string) *bool {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	var b bool
	if err := json.Unmarshal(raw, &b); err != nil {
		r.fail(field, "%s is not true or false", excerpt(raw))
		return nil
	}
	return &b
}

func (r *reader) seconds(field string) *float64 {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil || f < 0 {
		r.fail(field, "%s is not a number of seconds; expected 0 or more", excerpt(raw))
		return nil
	}
	return &f
}

// number reads a whole number from 1 on, given as a number or in quotes.
func (r *reader) number(field string) int {
	raw, ok := r.take(field)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil || n < 1 || n > 1<<31-1 {
		r.fail(field, "%s is not a whole number from 1 on", excerpt(raw))
		return 0
	}
	return n
}

// list reads a list of strings; nil when the field is absent.
func (r *reader) list(field string, most int, check func(field, s string) string) []string {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		r.fail(field, "%s is not a list of strings", excerpt(raw))
		return nil
	}
	if len(list) > most {
		r.fail(field, "%d entries; at most %d are kept", len(list), most)
		return nil
	}
	out := make([]string, 0, len(list))
	for i, s := range list {
		name := fmt.Sprintf("%s[%d]", field, i)
		if s = check(name, s); s == "" {
			r.fail(name, "empty")
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) names(field string) []string {
	return r.list(field, maxList, func(f, s string) string { return r.checked(f, s, maxName) })
}

func (r *reader) shas(field string) []string { return r.list(field, maxList, r.checkSHA) }

// choice reads one of a closed list of words.
func (r *reader) choice(field string, words ...string) string {
	s := r.name(field)
	if s != "" && !slices.Contains(words, s) {
		r.fail(field, "%q is unknown; expected one of %s%s", s, strings.Join(words, ", "), meant(s, words))
	}
	return s
}

// labels reads the labels, and adds every field nobody asked for: a scalar is
// kept under its own name, unless that is nearly the name of a known field.
func (r *reader) labels() map[string]string {
	out := map[string]string{}
	if raw, ok := r.take("labels"); ok {
		var given map[string]json.RawMessage
		if err := json.Unmarshal(raw, &given); err != nil {
			r.fail("labels", "%s is not an object of strings", excerpt(raw))
			return nil
		}
		for k, v := range given {
			out[r.checked("labels", k, maxName)] = r.scalar("labels."+k, v)
		}
	}
	names := sorted(r.asked)
	for _, field := range slices.Sorted(mapsKeys(r.fields)) {
		raw := r.fields[field]
		if near := nearest(field, names); near != "" {
			r.fail(field, "unknown field; did you mean %s?", near)
			return nil
		}
		if string(raw) == "null" {
			continue
		}
		out[r.checked(field, field, maxName)] = r.scalar(field, raw)
	}
	if len(out) > maxFields {
		r.fail("labels", "%d labels; at most %d are kept", len(out), maxFields)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *reader) scalar(field string, raw json.RawMessage) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		r.fail(field, "%v", err)
	}
	switch v := v.(type) {
	case string:
		return r.checked(field, v, maxText)
	case bool, nil:
		return fmt.Sprint(v)
	case float64:
		return string(raw)
	}
	r.fail(field, "%s is not a plain value; labels hold strings, numbers and booleans", excerpt(raw))
	return ""
}
