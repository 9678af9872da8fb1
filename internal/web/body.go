package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// mostBody bounds the body of an act of our own, in bytes.
const mostBody = 64 << 10

// readJSON reads a small body that holds one object and nothing else. takes
// says in words what the object may hold.
func readJSON(w http.ResponseWriter, r *http.Request, into any, takes string) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return plimsoll.Errorf(plimsoll.CodeInvalid, "something follows the object; send one JSON object")
	}
	var wrong *json.UnmarshalTypeError
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return plimsoll.Errorf(plimsoll.CodeInvalid, "the body is empty; send one JSON object: %s", takes)
	case errors.As(err, &large):
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "the body is larger than %d KiB", mostBody>>10)
	case errors.As(err, &wrong) && wrong.Field != "":
		return plimsoll.FieldErrorf(wrong.Field, "is a %s; expected a %s", wrong.Value, wrong.Type)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return plimsoll.FieldErrorf(strings.Trim(name, `"`), "unknown field; %s", takes)
	}
	return plimsoll.Errorf(plimsoll.CodeInvalid, "the body is no JSON object: %v", err)
}
