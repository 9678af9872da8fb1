package observe

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll"
)

// Tracer makes traces and sends them away in the background. A nil Tracer makes
// none and costs nothing. It is safe for concurrent use.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	carrier  propagation.TraceContext
}

// TraceOptions say where traces go.
type TraceOptions struct {
	Endpoint string // address of a receiver of OTLP over HTTP; "" for what the environment says
	Version  string // of the program
	Instance string // names this server among others
	Log      *slog.Logger
}

// NewTracer returns a tracer when there is a receiver: that of the options, or of
// OTEL_EXPORTER_OTLP_ENDPOINT and its relatives. Without one it returns nil. The
// other variables of OpenTelemetry hold too: headers, certificates, the sampler,
// the name of the service.
func NewTracer(ctx context.Context, opt TraceOptions) (*Tracer, error) {
	var to []otlptracehttp.Option
	switch {
	case os.Getenv("OTEL_SDK_DISABLED") == "true":
		return nil, nil
	case opt.Endpoint != "":
		u, err := url.Parse(opt.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, plimsoll.FieldErrorf("--otlp-endpoint", "%q is no address of a receiver; expected http://HOST:PORT, like http://127.0.0.1:4318", opt.Endpoint)
		}
		if strings.Trim(u.Path, "/") == "" {
			u.Path = "/v1/traces"
		}
		to = append(to, otlptracehttp.WithEndpointURL(u.String()))
	case os.Getenv("OTEL_TRACES_EXPORTER") == "none",
		os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return nil, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if p := os.Getenv(name); p != "" && p != "http/protobuf" {
			return nil, plimsoll.FieldErrorf(name, "%q; traces are sent as http/protobuf only (port 4318 of most receivers)", p)
		}
	}
	exporter, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, err
	}
	res, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "plimsoll"), attribute.String("service.version", opt.Version),
			attribute.String("service.instance.id", opt.Instance)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // the last has the last word
	if err != nil {
		opt.Log.WarnContext(ctx, "the resource of the traces is incomplete", "err", err)
	}
	t := &Tracer{provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&spokenExporter{SpanExporter: exporter, log: opt.Log}), sdktrace.WithResource(res))}
	t.tracer = t.provider.Tracer("github.com/plimsoll-dev/plimsoll")
	return t, nil
}

// Close sends what is left, as long as ctx allows.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// spokenExporter says in our log that traces cannot be sent, once a minute: it is
// no reason to disturb anything else.
type spokenExporter struct {
	sdktrace.SpanExporter
	log  *slog.Logger
	said atomic.Int64 // seconds
}

func (e *spokenExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if now, said := time.Now().Unix(), e.said.Load(); err != nil && now-said >= 60 && e.said.CompareAndSwap(said, now) {
		e.log.WarnContext(ctx, "traces cannot be sent", "spans", len(spans), "err", err)
	}
	return nil
}

func (e *spokenExporter) Shutdown(ctx context.Context) error { return e.SpanExporter.Shutdown(ctx) }

// traceIDOf is the trace that a context belongs to, "" if it belongs to none.
func traceIDOf(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.HasTraceID() {
		return c.TraceID().String()
	}
	return ""
}

// Start begins a span; what it returns ends it.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) {
		fail(span, err)
		span.End()
	}
}

// Past makes a span of what is over.
func (t *Tracer) Past(ctx context.Context, name string, began, ended time.Time, err error) {
	if t == nil {
		return
	}
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(began))
	fail(span, err)
	span.End(trace.WithTimestamp(ended))
}

// Within is Past for what matters only as a part of something that is traced.
func (t *Tracer) Within(ctx context.Context, name string, began, ended time.Time, err error) {
	if t != nil && trace.SpanContextFromContext(ctx).IsValid() {
		t.Past(ctx, name, began, ended, err)
	}
}

// fail marks a span as failed. Only the class of the error goes out, for its text
// may quote what somebody sent.
func fail(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, string(plimsoll.ErrorCode(err)))
	}
}

// Span is the span of a request. A nil Span is none.
type Span struct {
	span   trace.Span
	method string
}

// Request begins the span of a request, within the trace that it comes with.
// Probes and scrapes have none: they would bury the others.
func (t *Tracer) Request(ctx context.Context, r *http.Request) (context.Context, *Span) {
	if t == nil || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" {
		return ctx, nil
	}
	ctx = t.carrier.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, "HTTP", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("request_id", RequestIDOf(ctx))))
	return ctx, &Span{span, r.Method}
}

// End ends the span of a request, which is called by its method and route.
func (s *Span) End(route string, status int) {
	if s == nil {
		return
	}
	s.span.SetName(Quote(s.method) + " " + route)
	s.span.SetAttributes(attribute.String("http.request.method", Quote(s.method)), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status))
	if status >= 500 {
		s.span.SetStatus(codes.Error, http.StatusText(status))
	}
	s.span.End()
}
