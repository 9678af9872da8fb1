package native

import (
	"cmp"
	"fmt"
	"slices"
)

// list reads a list of strings; nil when the field is absent.
func (r *reader) list(field string, most int, check func(field, s string) string) []string {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	if raw[0] != '[' {
		r.fail(field, "%s is not a list of strings", excerpt(raw))
		return nil
	}
	out := []string{}
	s := &scanner{body: raw}
	err := s.elements(func() error {
		name := fmt.Sprintf("%s[%d]", field, len(out))
		raw, err := s.value()
		if err != nil {
			return err
		}
		if len(out) == most {
			r.fail(field, "more than %d entries; at most %d are kept", most, most)
			return r.err
		}
		text, ok := r.unquoted(name, raw)
		if !ok {
			return r.err
		}
		if text = check(name, text); text == "" {
			r.fail(name, "empty; leave it out")
		}
		out = append(out, text)
		return r.err
	})
	if err != nil {
		r.fail(field, "%v", err)
		return nil
	}
	return out
}

func (r *reader) names(field string) []string {
	return r.list(field, maxList, func(f, s string) string { return r.checked(f, s, maxName) })
}

func (r *reader) paths(field string) []string {
	return r.list(field, maxList, func(f, s string) string { return r.checked(f, s, maxText) })
}

func (r *reader) shas(field string) []string { return r.list(field, maxList, r.checkSHA) }

// nested returns a reader of an object within a field, nil when it is none.
func (r *reader) nested(field string, raw []byte) *reader {
	if raw[0] != '{' {
		r.fail(field, "%s is not an object", excerpt(raw))
		return nil
	}
	in := &reader{opt: r.opt, prefix: r.prefix + field + "."}
	if in.fields, in.err = objectFields(&scanner{body: raw}, nil, in.prefix); in.err != nil {
		if r.err == nil {
			r.err = in.err
		}
		return nil
	}
	return in
}

// labels reads the labels, and adds every field nobody asked for: a scalar is
// kept under its own name, unless that is nearly the name of a known field.
// What stands in a label is kept as it was sent, also a name of a person.
func (r *reader) labels() map[string]string {
	var out map[string]string
	add := func(field, key, value string, ok bool) {
		if key = r.checked(field, key, maxName); key == "" {
			r.fail(field, "a label without a name")
		}
		if !ok || r.err != nil {
			return
		}
		if before, twice := out[key]; twice && before != value {
			r.fail(field, "given twice with different values; send it once")
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = value
	}
	if raw, ok := r.take("labels"); ok {
		in := r.nested("labels", raw)
		if in == nil {
			return nil
		}
		for _, f := range in.sorted() {
			value, ok := in.scalar(f.name, f.raw)
			if r.err == nil {
				r.err = in.err
			}
			add("labels", f.name, value, ok)
		}
	}
	for _, f := range r.sorted() {
		if !r.fine[label{r.typ, f.name}] {
			// Each costs a comparison with every name that is known.
			if len(r.fine) == maxUnknown {
				r.fail(f.name, "more than %d different unknown fields in one request; put labels into the field labels", maxUnknown)
				return nil
			}
			if near := nearest(f.name, r.known); near != "" {
				r.fail(f.name, "unknown field; did you mean %s?", near)
				return nil
			}
			r.fine[label{r.typ, f.name}] = true
		}
		value, ok := r.scalar(f.name, f.raw)
		add(f.name, f.name, value, ok)
	}
	if len(out) > maxFields {
		r.fail("labels", "%d labels; at most %d are kept", len(out), maxFields)
	}
	return out
}

// sorted lists the fields that nobody took, by name, so that the first error
// does not depend on their order.
func (r *reader) sorted() []field {
	var out []field
	for _, f := range r.fields {
		if !f.taken {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b field) int { return cmp.Compare(a.name, b.name) })
	return out
}

// rest refuses what is left over, where no label can keep it.
func (r *reader) rest() {
	for _, f := range r.sorted() {
		if near := nearest(f.name, r.known); near != "" {
			r.fail(f.name, "unknown field; did you mean %s?", near)
		}
		if string(f.raw) != "null" {
			r.fail(f.name, "unknown field; a pull request has no place for it, leave it out")
		}
	}
}

// scalar reads a string, number or boolean as text; ok is false for null.
func (r *reader) scalar(field string, raw []byte) (s string, ok bool) {
	switch raw[0] {
	case 'n':
		return "", false
	case '"':
		if s, ok = r.unquoted(field, raw); ok {
			s = r.checked(field, s, maxText)
		}
		return s, ok
	case '{', '[':
		r.fail(field, "%s is not a plain value; labels hold strings, numbers and booleans", excerpt(raw))
		return "", false
	}
	return r.checked(field, string(raw), maxText), true
}
