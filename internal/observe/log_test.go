package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestALineStaysALineWhateverItQuotes(t *testing.T) {
	evil := "a\nlevel=ERROR msg=forged\r\n\x1b[31mred\u2028" + strings.Repeat("x", 10_000) + "\xff"
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log, err := NewLogger(&out, format, "info")
		if err != nil {
			t.Fatal(err)
		}
		ctx := WithRequestID(t.Context(), RequestID("abc-1"))
		log.With("a", 1).WithGroup("g").ErrorContext(ctx, evil, "path", Quote(evil))
		log.DebugContext(ctx, "not at this level")
		line := out.String()
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\r\x1b") || !strings.Contains(line, "abc-1") {
			t.Errorf("%s: %.300q", format, line)
		}
		if format == "json" {
			if err := json.Unmarshal(out.Bytes(), &map[string]any{}); err != nil {
				t.Errorf("%v: %.300q", err, line)
			}
		}
	}
	if n := len(Quote(evil)); n > mostQuoted+10 {
		t.Errorf("%d bytes are quoted", n)
	}
}

func TestAFormatOrALevelThatIsNotKnownIsRefused(t *testing.T) {
	for _, c := range [][2]string{{"xml", "info"}, {"text", "loud"}, {"JSON", "info"}} {
		if _, err := NewLogger(&bytes.Buffer{}, c[0], c[1]); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%v: %v", c, err)
		}
	}
	for level, want := range map[string]slog.Level{"": slog.LevelInfo, "debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError} {
		log, err := NewLogger(&bytes.Buffer{}, "", level)
		if err != nil || !log.Enabled(t.Context(), want) || log.Enabled(t.Context(), want-1) {
			t.Errorf("%q: %v", level, err)
		}
	}
}

func TestOnlyAHarmlessRequestIDIsTaken(t *testing.T) {
	for _, id := range []string{"a", "0af7651916cd43dd8448eb211c80319c", "A_b.c-9", strings.Repeat("x", 64)} {
		if RequestID(id) != id {
			t.Errorf("%q is not taken", id)
		}
	}
	made := map[string]bool{}
	for _, id := range []string{"", "a b", "a\nb", "ü", `"`, strings.Repeat("x", 65), "<script>"} {
		got := RequestID(id)
		if got == id || len(got) != 24 || made[got] {
			t.Errorf("%q became %q", id, got)
		}
		made[got] = true
	}
	if RequestIDOf(context.Background()) != "" {
		t.Error("there is a request where none is")
	}
}
