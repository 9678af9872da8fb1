package plimsoll

import (
	"errors"
	"fmt"
)

// Code classes an error for whoever must react to it. The HTTP status of each
// code stands in one table in internal/web; the Go client maps it back.
type Code string

// The closed list of codes. Anything foreign is CodeInternal.
const (
	CodeInvalid      Code = "invalid"      // the caller sent something wrong and can mend it
	CodeUnauthorized Code = "unauthorized" // no or wrong credentials
	CodeForbidden    Code = "forbidden"    // known caller, not allowed
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict" // contradicts what is already recorded
	CodeTooLarge     Code = "too_large"
	CodeRateLimited  Code = "rate_limited"
	CodeInternal     Code = "internal"
	CodeUnavailable  Code = "unavailable" // try again later; nothing was stored
)

// Error is an error a caller may read: what was wrong, in which field of which
// event, and what to do. Cause is for the log and never leaves the server.
type Error struct {
	Code    Code
	Message string
	Field   string // the offending field, "" when the whole is meant
	Index   int    // position in a batch, −1 when not in a batch
	Cause   error
}

// Errorf builds an Error without field or index.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Index: -1}
}

// FieldErrorf builds an invalid-input Error about one field.
func FieldErrorf(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...), Index: -1}
}

// At returns a copy that names the position in a batch.
func (e *Error) At(index int) *Error {
	c := *e
	c.Index = index
	return &c
}

func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Index >= 0 {
		s = fmt.Sprintf("event %d: %s", e.Index, s)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorCode returns the code of err: "" for nil, CodeInternal for anything
// that is not an *Error.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// PublicMessage returns the text a caller may read. Of a foreign error nothing
// is told.
func PublicMessage(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "internal error; the server's log has the details"
}
