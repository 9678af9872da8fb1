// Package source is the language in which the tools of vendors are taught to
// Plimsoll: how a delivery is verified, what is left out of it before it is
// kept, and which events it tells of. It refuses to know where a delivery came
// from and where its events go: bytes and headers in, events out, so that what
// was delivered long ago can be decoded again.
package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
)

// Source is one kind of tool.
type Source struct {
	// Name is the kind, as in the path of its deliveries.
	Name string

	// Decoder is the name and version of what Decode does. A new version is a
	// reason to decode again what was kept.
	Decoder string

	// Verify reports whether one of the secrets signed the body, in time that does
	// not depend on where a wrong signature differs. It reads nothing of the body
	// but its bytes. now bounds the age of a signature that has one.
	Verify func(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool

	// ID is the sender's name for a delivery, by which a repetition is known; ""
	// when there is none.
	ID func(h http.Header) string

	// Headers are those that Decode reads; they are kept with the body.
	Headers []string

	// Persons says where names and addresses of persons stand.
	Persons Persons

	// Decode returns the events of a delivery that was verified and scrubbed. An
	// error that IsIgnored says that it is fine and of no interest; any other that
	// nobody could make sense of it.
	Decode func(d Delivery) ([]Report, error)

	// Check refuses options that this kind cannot mean; nil takes any.
	Check func(o *Options) error
}

// Delivery is what Decode reads.
type Delivery struct {
	Header     http.Header
	Body       []byte        // JSON, scrubbed
	ReceivedAt plimsoll.Time // when it came first
	Options    *Options
	Catalogue  []plimsoll.ServiceReport
}

// Read decodes the body into v.
func (d *Delivery) Read(v any) error {
	err := json.Unmarshal(d.Body, v)
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		return fmt.Errorf("%s is a %s; expected another kind of value", typed.Field, typed.Value)
	}
	return err
}

// Report is an event in our own form, by the names of its fields. What is empty
// is left out by Clean.
type Report map[string]any

// Clean drops what says nothing, and makes texts fit.
func (r Report) Clean() Report {
	for k, v := range r {
		switch v := v.(type) {
		case nil:
			delete(r, k)
		case string:
			if v = Text(v); v == "" {
				delete(r, k)
			} else {
				r[k] = v
			}
		case []string:
			if v == nil {
				delete(r, k)
			}
		case plimsoll.Time:
			if v.Known() {
				r[k] = v.String()
			} else {
				delete(r, k)
			}
		case bool:
			if !v {
				delete(r, k)
			}
		case map[string]any:
			Report(v).Clean()
			if len(v) == 0 {
				delete(r, k)
			}
		case Report:
			if v.Clean(); len(v) == 0 {
				delete(r, k)
			}
		}
	}
	return r
}

// mostText is how much of a text is kept, in characters.
const mostText = 500

// Text makes a text that somebody wrote fit: one line, not too long.
func Text(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	if len(s) > mostText {
		if runes := []rune(s); len(runes) > mostText {
			s = strings.TrimSpace(string(runes[:mostText]))
		}
	}
	return s
}

// ignored says why a delivery is of no interest.
type ignored struct{ why string }

func (i ignored) Error() string { return i.why }

// Ignored returns the error by which Decode says that a delivery is fine and of
// no interest.
func Ignored(format string, args ...any) error { return ignored{fmt.Sprintf(format, args...)} }

// IsIgnored reports whether an error of Decode says that.
func IsIgnored(err error) bool { return errors.As(err, new(ignored)) }

// layouts are the forms in which tools write a time, besides RFC 3339.
var layouts = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 UTC", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05Z07:00"}
