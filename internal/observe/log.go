package observe

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// NewLogger returns a logger that writes lines of a format, text or json, from a
// level on: debug, info, warn or error. Whatever a line quotes stays within it:
// both formats escape line breaks.
func NewLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var opt slog.HandlerOptions
	switch level {
	case "debug":
		opt.Level = slog.LevelDebug
	case "info", "":
		opt.Level = slog.LevelInfo
	case "warn":
		opt.Level = slog.LevelWarn
	case "error":
		opt.Level = slog.LevelError
	default:
		return nil, plimsoll.FieldErrorf("--log-level", "%q; expected debug, info, warn or error", level)
	}
	var h slog.Handler
	switch format {
	case "text", "":
		h = slog.NewTextHandler(w, &opt)
	case "json":
		h = slog.NewJSONHandler(w, &opt)
	default:
		return nil, plimsoll.FieldErrorf("--log-format", "%q; expected text or json", format)
	}
	return slog.New(WithContext(h)), nil
}

// WithContext returns a handler that adds the request id, and the id of the
// trace if there is one, to every line whose context has them.
func WithContext(h slog.Handler) slog.Handler { return contextHandler{h} }

type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestIDOf(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if id := traceIDOf(ctx); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}

// mostQuoted bounds what a line of the log quotes of a request, in bytes.
const mostQuoted = 200

// Quote shortens what somebody sent for the log.
func Quote(s string) string {
	if len(s) > mostQuoted {
		s = s[:mostQuoted] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
