package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
)

// scanner walks over JSON text once, without building values: an event needs
// few of them, and the standard decoder spends most of its time on the rest. It
// accepts what encoding/json accepts, no more, and refuses keys given twice.
type scanner struct {
	body  []byte
	at    int
	depth int
}

// field is one member of an object: its name, and its value as it stood.
type field struct {
	name  string
	raw   []byte
	taken bool
}

// wrong is the error about the place that the scanner has come to.
func (s *scanner) wrong(format string, args ...any) error {
	line := 1 + bytes.Count(s.body[:min(s.at, len(s.body))], []byte("\n"))
	return plimsoll.Errorf(plimsoll.CodeInvalid, "line %d is not JSON: %s; send one JSON object, an array, or one object a line",
		line, fmt.Sprintf(format, args...))
}

// next skips white space and returns the byte after it, 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.body); s.at++ {
		switch c := s.body[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// unexpected is the error about whatever stands here.
func (s *scanner) unexpected(wanted string) error {
	if s.at >= len(s.body) {
		return s.wrong("it ends where %s is expected", wanted)
	}
	r, _ := utf8.DecodeRune(s.body[s.at:])
	return s.wrong("%q stands where %s is expected", r, wanted)
}

// value skips one value and returns its text.
func (s *scanner) value() ([]byte, error) {
	c := s.next()
	from := s.at
	var err error
	switch {
	case c == '"':
		err = s.text()
	case c == '{':
		err = s.members(func(string, []byte) error { return nil })
	case c == '[':
		err = s.elements(func() error { _, err := s.value(); return err })
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	default:
		err = s.word()
	}
	return s.body[from:s.at], err
}

func (s *scanner) word() error {
	for _, w := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.body[s.at:], []byte(w)) {
			s.at += len(w)
			return nil
		}
	}
	return s.unexpected("a value")
}

// text skips a string.
func (s *scanner) text() error {
	for s.at++; s.at < len(s.body); s.at++ {
		switch c := s.body[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.wrong("control character %q within a string; write it as an escape", c)
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.unexpected("the end of a string")
}

func (s *scanner) escape() error {
	s.at++
	if s.at >= len(s.body) || bytes.IndexByte([]byte(`"\/bfnrtu`), s.body[s.at]) < 0 {
		return s.unexpected("an escape")
	}
	if s.body[s.at] != 'u' {
		return nil
	}
	for range 4 {
		s.at++
		if s.at >= len(s.body) || bytes.IndexByte([]byte("0123456789abcdefABCDEF"), s.body[s.at]) < 0 {
			return s.unexpected("a hexadecimal digit")
		}
	}
	return nil
}

func (s *scanner) number() error {
	digits := func() error {
		from := s.at
		for s.at < len(s.body) && '0' <= s.body[s.at] && s.body[s.at] <= '9' {
			s.at++
		}
		if s.at == from {
			return s.unexpected("a digit")
		}
		return nil
	}
	is := func(set string) bool {
		if s.at < len(s.body) && bytes.IndexByte([]byte(set), s.body[s.at]) >= 0 {
			s.at++
			return true
		}
		return false
	}
	is("-")
	if !is("0") {
		if err := digits(); err != nil {
			return err
		}
	}
	if is(".") {
		if err := digits(); err != nil {
			return err
		}
	}
	if is("eE") {
		is("+-")
		return digits()
	}
	return nil
}

// enter goes into an object or a list.
func (s *scanner) enter() error {
	s.at++
	if s.depth++; s.depth > maxDepth {
		return plimsoll.Errorf(plimsoll.CodeInvalid, "the body is nested more than %d levels deep; events are flat objects", maxDepth)
	}
	return nil
}

// elements walks over a list; element must take each value.
func (s *scanner) elements(element func() error) error {
	if err := s.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		c := s.next()
		if c == ']' && first {
			break
		}
		if err := element(); err != nil {
			return err
		}
		if c = s.next(); c == ']' {
			break
		}
		if c != ',' {
			return s.unexpected(", or ]")
		}
		s.at++
		s.next()
	}
	s.at++
	s.depth--
	return nil
}

// members walks over an object and hands over each name and value.
func (s *scanner) members(member func(name string, raw []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		c := s.next()
		if c == '}' && first {
			break
		}
		if c != '"' {
			return s.unexpected("a name in quotes")
		}
		from := s.at
		if err := s.text(); err != nil {
			return err
		}
		name, err := unquote(s.body[from:s.at])
		if err != nil {
			return err
		}
		if s.next() != ':' {
			return s.unexpected(":")
		}
		s.at++
		raw, err := s.value()
		if err != nil {
			return err
		}
		if err := member(name, raw); err != nil {
			return err
		}
		if c = s.next(); c == '}' {
			break
		}
		if c != ',' {
			return s.unexpected(", or }")
		}
		s.at++
	}
	s.at++
	s.depth--
	return nil
}

// unquote reads the text of a string that the scanner has passed.
func unquote(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
