// Package observe is how Plimsoll watches itself: metrics of its own health,
// readiness, logs, traces and profiles. It refuses to know the other rooms: they
// tell it numbers and times through functions, and it never looks into them. What
// Plimsoll measures of its users' releases is not here either.
package observe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// maxRequestID bounds a request id that a caller sends.
const maxRequestID = 64

type requestIDKey struct{}

// RequestID takes the id that a caller gave to its request, or makes one when
// there is none or it could do harm in a log.
func RequestID(given string) string {
	if given != "" && len(given) <= maxRequestID && strings.Trim(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == "" {
		return given
	}
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// WithRequestID returns a context that carries the id of a request, which every
// line that is logged with that context shows.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDOf returns the id of the request that a context belongs to, "" if it
// belongs to none.
func RequestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
