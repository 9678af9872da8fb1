package native

import (
	"encoding/json"
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
	fields []field
	known  []string // the names that were asked for
	typ    plimsoll.Type
	fine   map[label]bool // names of labels that are near to no name of a field
	opt    *Options
	prefix string // of the field names in errors, for nested objects
	err    error
}

func (r *reader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = plimsoll.FieldErrorf(oneLine(r.prefix+field, maxName), format, args...)
	}
}

// excerpt shows the beginning of what stood there, in an error.
func excerpt[T string | []byte](raw T) string {
	return oneLine(string(raw[:min(len(raw), 200)]), 40)
}

// oneLine cuts a text to so many characters, without what breaks a line.
func oneLine(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return s
}

// take returns the value of a field; ok is false when it is absent or null.
func (r *reader) take(name string) (raw []byte, ok bool) {
	r.known = append(r.known, name)
	for i := range r.fields {
		if f := &r.fields[i]; f.name == name {
			f.taken = true
			return f.raw, string(f.raw) != "null"
		}
	}
	return nil, false
}

// text reads a string of at most most characters.
func (r *reader) text(field string, most int) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	s, ok := r.unquoted(field, raw)
	if !ok {
		return ""
	}
	return r.checked(field, s, most)
}

func (r *reader) unquoted(field string, raw []byte) (string, bool) {
	if raw[0] != '"' {
		r.fail(field, "%s is not a string; put it in quotes", excerpt(raw))
		return "", false
	}
	s, err := unquote(raw)
	if err != nil {
		r.fail(field, "%s is not a string: %v", excerpt(raw), err)
		return "", false
	}
	return s, true
}

func (r *reader) checked(field, s string, most int) string {
	s = strings.TrimSpace(s)
	if len(s) > most {
		if n := utf8.RuneCountInString(s); n > most {
			r.fail(field, "%d characters; at most %d are kept", n, most)
			return ""
		}
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		r.fail(field, "control character %q; send plain text", c)
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
func (r *reader) sha(field string) string { return r.checkSHA(field, r.name(field)) }

func (r *reader) checkSHA(field, s string) string {
	ok := len(s) <= maxSHA && strings.IndexFunc(s, func(c rune) bool {
		return !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '.' || c == '_' || c == '-')
	}) < 0
	if !ok {
		r.fail(field, "%q is no commit; expected 1 to %d characters of 0-9 A-Z a-z . _ -", excerpt(s), maxSHA)
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
	if raw[0] != '"' || len(raw) > maxName {
		r.fail(field, `%s is not a time; expected RFC 3339 in quotes, like "2026-03-24T10:15:00Z"`, excerpt(raw))
		return 0
	}
	s, _ := r.unquoted(field, raw)
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
	b := string(raw) == "true"
	if !b && string(raw) != "false" {
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
	f += 0 // −0 is 0
	return &f
}

// number reads a whole number from 1 on, given as a number or in quotes.
func (r *reader) number(field string) int {
	raw, ok := r.take(field)
	if !ok {
		return 0
	}
	digits := string(raw)
	if raw[0] == '"' {
		digits, _ = r.unquoted(field, raw)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > 1<<31-1 {
		r.fail(field, "%s is not a whole number from 1 on", excerpt(raw))
		return 0
	}
	return n
}

// choice reads one of a closed list of words.
func (r *reader) choice(field string, words []string) string {
	s := r.name(field)
	if s != "" && !slices.Contains(words, s) {
		r.fail(field, "%q is unknown; expected one of %s%s", excerpt(s), strings.Join(words, ", "), meant(s, words))
	}
	return s
}
