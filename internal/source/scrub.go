package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
)

// Persons says where in a body names and addresses of persons stand.
type Persons struct {
	Objects []string          // keys of objects, or of lists of them, that are persons
	Names   []string          // keys of texts that name a person
	Emails  []string          // keys of texts that are a person's address
	Drop    []string          // keys of what is left out whole
	Keep    map[string]string // key of an object → the key above it under which it is none after all
}

// address matches an e-mail address, and what begins like one.
var address = regexp.MustCompile(`[^\s<>"'(),;:/\\]+@[\pL\pN][\pL\pN-]*(\.[\pL\pN-]+)*`)

// trailer matches the lines of a commit message that name persons.
var trailer = regexp.MustCompile(`(?mi)^[ \t]*[a-z][a-z-]*-by:.*$`)

// mostDepth is how deep values may lie within each other.
const mostDepth = 64

// Scrubbed is a body without persons.
type Scrubbed struct {
	Body  []byte
	Names map[string]string // reference → name of the persons that it refers to
}

// Scrub takes names and addresses of persons out of a JSON body. What is left of
// a person is a reference to the name (login), a reference to the address, which
// only counts (email), and whether it is a bot; a bot keeps its name. pseudonym
// makes a reference of kind person or author. The same body gives the same
// result, and a scrubbed one gives itself.
func (p Persons) Scrub(body []byte, pseudonym func(kind, name string) string) (Scrubbed, error) {
	s := scrubber{persons: set(p.Objects), names: set(p.Names), emails: set(p.Emails), drop: set(p.Drop), keep: p.Keep, pseudonym: pseudonym, out: map[string]string{}}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return Scrubbed{}, errors.New("the body is empty; expected JSON")
		}
		return Scrubbed{}, errors.New("the body is no JSON: " + Text(err.Error()))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Scrubbed{}, errors.New("something follows the JSON value")
	}
	if !shallow(v, mostDepth) {
		return Scrubbed{}, errors.New("values lie too deep within each other")
	}
	out, err := json.Marshal(s.value("", "", v))
	return Scrubbed{Body: out, Names: s.out}, err
}

// ScrubText takes addresses, and lines that name persons, out of a text.
func ScrubText(s string) string {
	if strings.Contains(s, "-by:") || strings.Contains(s, "-By:") {
		s = strings.TrimRight(trailer.ReplaceAllString(s, ""), "\n")
	}
	if strings.Contains(s, "@") {
		s = address.ReplaceAllString(s, "(address)")
	}
	return s
}

type scrubber struct {
	persons, names, emails, drop map[string]bool
	keep                         map[string]string
	pseudonym                    func(kind, name string) string
	out                          map[string]string
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func shallow(v any, left int) bool {
	if left == 0 {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			if !shallow(x, left-1) {
				return false
			}
		}
	case []any:
		for _, x := range v {
			if !shallow(x, left-1) {
				return false
			}
		}
	}
	return true
}

// value scrubs what stands under a key, in an object that stands under above.
func (s *scrubber) value(above, key string, v any) any {
	switch v := v.(type) {
	case string:
		switch {
		case s.names[key]:
			return s.name(v)
		case s.emails[key]:
			return s.email(v)
		case s.persons[key]:
			return s.name(v)
		}
		return ScrubText(v)
	case []any:
		for i, x := range v {
			v[i] = s.value(above, key, x)
		}
	case map[string]any:
		if s.persons[key] && (s.keep[key] == "" || s.keep[key] != above) {
			return s.person(v)
		}
		out := make(map[string]any, len(v))
		for k, x := range v {
			if !s.drop[k] {
				// A key can be an address too.
				out[ScrubText(k)] = s.value(key, k, x)
			}
		}
		return out
	}
	return v
}

// person is what is left of a person.
func (s *scrubber) person(v map[string]any) any {
	text := func(keys ...string) string {
		for _, k := range keys {
			if t, _ := v[k].(string); t != "" {
				return t
			}
		}
		return ""
	}
	name, email := text("login", "username", "name", "summary"), text("email")
	if inner, ok := v["user"].(map[string]any); ok && name == "" { // as in GitLab's and Bitbucket's authors
		return s.person(inner)
	}
	out := map[string]any{}
	if isBot(name) || text("type") == "Bot" || v["bot"] == true {
		out["bot"], out["login"] = true, ScrubText(name)
		if !isBot(name) && !reference(name) {
			out["login"] = name + "[bot]"
		}
		return out
	}
	if name != "" {
		out["login"] = s.name(name)
	}
	if email == "" {
		email = name
	}
	if email != "" {
		out["email"] = s.email(email)
	}
	return out
}

func isBot(name string) bool {
	return strings.HasSuffix(name, "[bot]")
}

func (s *scrubber) name(name string) string {
	if name == "" || reference(name) || isBot(name) {
		return name
	}
	ref := s.pseudonym("person", name)
	s.out[ref] = name
	return ref
}

func (s *scrubber) email(email string) string {
	if email == "" || reference(email) {
		return email
	}
	return s.pseudonym("author", strings.ToLower(email))
}

var isReference = regexp.MustCompile(`^[pa]-[0-9a-f]{20}$`)

// reference reports whether a name was taken out before.
func reference(s string) bool { return isReference.MatchString(s) }
