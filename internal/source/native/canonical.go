package native

import (
	"encoding/json"
)

// canonical writes a value of any shape so that the same content is the same
// bytes: names sorted, no white space, one way of quoting. Numbers stay as they
// were written.
func canonical(raw []byte, prefix string) (json.RawMessage, error) {
	switch raw[0] {
	case '"':
		s, err := unquote(raw)
		if err != nil {
			return nil, err
		}
		return json.Marshal(s)
	case '{':
		fields, err := objectFields(&scanner{body: raw}, nil, prefix)
		if err != nil {
			return nil, err
		}
		sorted := map[string]json.RawMessage{} // a map is marshalled in the order of its keys
		for _, f := range fields {
			if sorted[f.name], err = canonical(f.raw, prefix+f.name+"."); err != nil {
				return nil, err
			}
		}
		return json.Marshal(sorted)
	case '[':
		list := []json.RawMessage{}
		s := &scanner{body: raw}
		err := s.elements(func() error {
			raw, err := s.value()
			if err != nil {
				return err
			}
			raw, err = canonical(raw, prefix)
			list = append(list, raw)
			return err
		})
		if err != nil {
			return nil, err
		}
		return json.Marshal(list)
	}
	return raw, nil
}
