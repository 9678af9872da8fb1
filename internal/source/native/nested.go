package native

import (
	"encoding/json"
	"slices"
)

// nested returns a reader of an object within a field.
func (r *reader) nested(field string, raw json.RawMessage) (*reader, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		r.fail(field, "%s is not an object", excerpt(raw))
		return nil, r.err
	}
	return &reader{fields: fields, opt: r.opt, prefix: r.prefix + field + "."}, nil
}

// labelsForbidden refuses what is left over, where no label can keep it.
func (r *reader) labelsForbidden() {
	names := sorted(r.asked)
	for _, field := range slices.Sorted(mapsKeys(r.fields)) {
		if near := nearest(field, names); near != "" {
			r.fail(field, "unknown field; did you mean %s?", near)
		}
	}
}

func unquoteJSON(raw json.RawMessage) (string, error) {
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
