package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

var exportStart = plimsoll.TimeOf(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))

// peopled fills a store with a simulated organisation that reports under names
// of its deliveries and without, persons, and every act of our own.
func peopled(t *testing.T, dir string, until plimsoll.Time) *App {
	t.Helper()
	now := exportStart
	a := open(t, Options{Data: dir, Now: func() time.Time { return now.Std() }})
	ctx := t.Context()
	var batch []byte
	accept := func(b ingest.Body) {
		t.Helper()
		if _, err := a.door.Accept(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	flush := func() {
		if len(batch) > 0 {
			accept(ingest.Body{Reader: bytes.NewReader(batch)})
			batch = batch[:0]
		}
	}
	org, err := sim.New(sim.Config{Seed: 3, Start: exportStart, Services: 4, Gaming: true})
	if err != nil {
		t.Fatal(err)
	}
	err = org.Until(until, func(i *sim.Item) error {
		delivery := ""
		if i.Seq%2 == 0 {
			delivery = i.DeliveryID()
		}
		batch = append(i.AppendJSON(batch, delivery), '\n')
		if i.At.Sub(now) > 6*time.Hour {
			now = i.At
			flush()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	now = until
	flush()
	// One delivery that is longer than what is taken at a time, of events that
	// state no time of their own.
	var long strings.Builder
	for i := range takeEvents + 500 {
		fmt.Fprintf(&long, `{"type":"service","name":"long-%d","team":"many"}`+"\n", i)
	}
	accept(ingest.Body{Reader: strings.NewReader(long.String()), DeliveryID: "long"})
	for i, who := range []string{"Ada Lovelace", "Grace Hopper"} {
		accept(ingest.Body{Reader: strings.NewReader(fmt.Sprintf(`{"type":"deployment","service":"by-hand","environment":"production","version":"v%d",
			"finished_at":"2026-01-0%dT10:00:00Z","deployer":%q}`, i+1, i+1, who))})
	}
	yes, no := 0.04, 0.001
	if _, err := a.door.Judge(ctx, plimsoll.SystemActor(), plimsoll.VerdictReport{Deployment: "d1", Indicator: "errors", Verdict: plimsoll.VerdictHarmful, Q: &yes, P: &no, Method: "counts/1", At: now}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.door.SetTarget(ctx, plimsoll.LocalActor(), plimsoll.TargetReport{ID: "faster", Scope: "org", Measure: "lead_time", BaselineFrom: exportStart, BaselineTo: exportStart.Add(240 * time.Hour),
		Goals: []plimsoll.Goal{{At: exportStart.Add(9000 * time.Hour), Value: 3600}}}); err != nil {
		t.Fatal(err)
	}
	if err := a.door.Declare(ctx, plimsoll.LocalActor(), ingest.Declaration{Settings: plimsoll.Settings{HotfixHours: 12}}); err != nil {
		t.Fatal(err)
	}
	if err := a.folder.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	var evidence []plimsoll.Evidence
	view(t, a, func(tx *store.Tx) (err error) {
		evidence, err = tx.EvidencePage(store.Filter{Window: plimsoll.Window{To: plimsoll.Forever}}, "", store.Page{Limit: 5})
		return err
	})
	if len(evidence) == 0 {
		t.Fatal("there is no evidence to speak about")
	}
	for i, e := range evidence {
		says := []plimsoll.EvidenceStatus{plimsoll.EvidenceConfirmed, plimsoll.EvidenceRejected}[i%2]
		_, err := a.door.Confirm(ctx, plimsoll.LocalActor(), plimsoll.ConfirmationReport{Evidence: e.ID, Deployment: e.Deployment, Kind: e.Kind, Cause: e.Cause, Says: says, Reason: "looked at it", Actor: "Ada Lovelace"}, 0)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.folder.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	return a
}

func view(t *testing.T, a *App, fn func(tx *store.Tx) error) {
	t.Helper()
	org, err := a.db.Org(t.Context(), defaultOrg)
	if err == nil {
		err = org.View(t.Context(), fn)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func exported(t *testing.T, dir string, opt ExportOptions) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := Export(t.Context(), dir, &b, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func takenIn(t *testing.T, a *App, text string, opt TakeOptions) TakenIn {
	t.Helper()
	out, err := a.TakeIn(t.Context(), strings.NewReader(text), "x.jsonl", opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func lineByLine(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s differ in line %d of %d and %d:\n got %.300s\nwant %.300s", what, i+1, len(g), len(w), g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Fatalf("%s: %d lines, want %d", what, len(g), len(w))
	}
}

var recordedAt = regexp.MustCompile(`"recorded_at":"[^"]*",`)

func TestAnExportTakenInGivesTheSameFacts(t *testing.T) {
	until := exportStart.Add(40 * 24 * time.Hour)
	dir := t.TempDir()
	first := peopled(t, dir, until)
	erased := first.door.Pseudonym("person", "Grace Hopper")
	org, err := first.db.Org(t.Context(), defaultOrg)
	if err != nil {
		t.Fatal(err)
	}
	if err := org.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.ErasePerson(erased); return err }); err != nil {
		t.Fatal(err)
	}
	facts := allFacts(t, first)
	if n := strings.Count(facts, "\n"); n < 1000 {
		t.Fatalf("only %d facts", n)
	}
	text := exported(t, dir, ExportOptions{Secrets: true, People: true})
	if exported(t, dir, ExportOptions{Secrets: true, People: true}) != text {
		t.Error("the same log gives other bytes")
	}

	moved := t.TempDir()
	later := func() time.Time { return until.Add(100 * 24 * time.Hour).Std() }
	second := open(t, Options{Data: moved, Now: later})
	out := takenIn(t, second, text, TakeOptions{Acts: true, Recorded: true})
	if out.Accepted < 3000 || out.Duplicates != 0 || len(out.Acts) != 0 || out.Erased != 1 || out.People == 0 || out.Secret != "taken" {
		t.Errorf("%+v", out)
	}
	lineByLine(t, "facts", allFacts(t, second), facts)
	lineByLine(t, "exports", exported(t, moved, ExportOptions{Secrets: true, People: true}), text)
	// What was known at the ends of months is known there too.
	for _, at := range []time.Time{time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)} {
		asOf := func(a *App) string {
			var b strings.Builder
			view(t, a, func(tx *store.Tx) error {
				m, err := tx.MomentAt(fold.Cursor, plimsoll.TimeOf(at))
				if err != nil || m.Seq == 0 || m.Missing != 0 {
					return errors.Join(err, fmt.Errorf("the moment at %s is %+v", at, m))
				}
				return tx.AsOf(m.Seq).DeploymentPoints(store.Filter{Window: plimsoll.Window{To: plimsoll.Forever}}, func(p store.DeploymentPoint) { fmt.Fprintf(&b, "%+v\n", p) })
			})
			return b.String()
		}
		lineByLine(t, "what was known at "+at.String(), asOf(second), asOf(first))
	}

	// To PostgreSQL, and from there.
	address := storetest.Postgres(t)
	shared := open(t, Options{Database: address, Now: later})
	takenIn(t, shared, text, TakeOptions{Acts: true, Recorded: true})
	lineByLine(t, "facts in PostgreSQL", allFacts(t, shared), facts)
	lineByLine(t, "exports from PostgreSQL", exported(t, "", ExportOptions{Database: address, Secrets: true, People: true}), text)

	again := takenIn(t, second, text, TakeOptions{Acts: true})
	if again.Accepted != 0 || again.Duplicates != out.Accepted || again.Secret != "taken" {
		t.Errorf("a second time: %+v", again)
	}
	lineByLine(t, "exports after a second time", exported(t, moved, ExportOptions{Secrets: true, People: true}), text)

	// Learnt now: everything is the same but when it was learnt.
	third := open(t, Options{Data: t.TempDir(), Now: later})
	takenIn(t, third, text, TakeOptions{Acts: true})
	lineByLine(t, "facts learnt now", allFacts(t, third), facts)
	lineByLine(t, "exports learnt now", recordedAt.ReplaceAllString(exported(t, third.opt.Data, ExportOptions{Secrets: true, People: true}), ""), recordedAt.ReplaceAllString(text, ""))
	_, err = third.TakeIn(t.Context(), strings.NewReader(text), "x.jsonl", TakeOptions{Recorded: true})
	if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("as recorded into a store that holds events: %v", err)
	}

	// A person who was erased stays so where he was known, and everybody's
	// references are the same.
	if err := second.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	reopened := open(t, Options{Data: moved, Now: later})
	if reopened.door.Pseudonym("person", "Grace Hopper") != erased {
		t.Error("the same person has another reference")
	}
}

func TestWhatAnExportLeavesOut(t *testing.T) {
	dir := t.TempDir()
	a := peopled(t, dir, exportStart.Add(9*24*time.Hour))
	text := exported(t, dir, ExportOptions{})
	for _, secret := range []string{"Ada", "Grace", `"type":"secret"`, `"type":"person"`} {
		if strings.Contains(text, secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
	other := open(t, Options{Data: t.TempDir()})
	out := takenIn(t, other, text, TakeOptions{})
	for _, typ := range []plimsoll.Type{plimsoll.TypeConfirmation, plimsoll.TypeVerdict, plimsoll.TypeConfiguration, plimsoll.TypeTarget} {
		if out.Acts[typ] == 0 {
			t.Errorf("acts of type %s were taken unasked: %+v", typ, out)
		}
	}
	// Asked later they come, and only they.
	more := takenIn(t, other, text, TakeOptions{Acts: true})
	if acts := out.Acts[plimsoll.TypeConfirmation] + out.Acts[plimsoll.TypeVerdict] + out.Acts[plimsoll.TypeConfiguration] + out.Acts[plimsoll.TypeTarget]; more.Accepted != acts || acts == 0 {
		t.Errorf("%+v, then %+v", out, more)
	}
	lineByLine(t, "facts", allFacts(t, other), allFacts(t, a))
	// A store that holds events keeps its secret, and says so.
	if out := takenIn(t, other, exported(t, dir, ExportOptions{Secrets: true}), TakeOptions{Acts: true}); out.Secret != "other" {
		t.Errorf("%+v", out)
	}
}

// What a server takes from anybody gives the same facts as far as it goes.
func TestThePlainFormOfAnExportIsTakenByTheCommonDoor(t *testing.T) {
	dir := t.TempDir()
	peopled(t, dir, exportStart.Add(9*24*time.Hour))
	text := exported(t, dir, ExportOptions{})
	var plain bytes.Buffer
	acts := 0
	for line := range strings.Lines(text) {
		event, act, err := PlainEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if act {
			acts++
		}
		if event != nil {
			plain.Write(append(event, '\n'))
		}
	}
	straight := open(t, Options{Data: t.TempDir()})
	takenIn(t, straight, text, TakeOptions{})
	through := open(t, Options{Data: t.TempDir()})
	if _, err := through.door.Accept(t.Context(), ingest.Body{Reader: &plain}); err != nil {
		t.Fatal(err)
	}
	if err := through.folder.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if acts == 0 {
		t.Error("there were no acts")
	}
	lineByLine(t, "facts", allFacts(t, through), allFacts(t, straight))
}

func TestAnExportThatWasDamagedIsRefusedByLine(t *testing.T) {
	dir := t.TempDir()
	peopled(t, dir, exportStart.Add(6*24*time.Hour))
	text := exported(t, dir, ExportOptions{Secrets: true})
	lines := strings.SplitAfter(text, "\n")
	without := func(i int) string { return strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "") }
	change := func(i int, old, new string) string {
		if !strings.Contains(lines[i], old) {
			t.Fatalf("line %d has no %s: %s", i+1, old, lines[i])
		}
		c := append([]string(nil), lines...)
		c[i] = strings.Replace(c[i], old, new, 1)
		return strings.Join(c, "")
	}
	for name, c := range map[string]struct{ text, says string }{
		"cut between lines": {strings.Join(lines[:100], ""), "is cut off after line 100"},
		"cut in a line":     {text[:len(text)/2], "line"},
		"a line is missing": {without(60), "lines are missing"},
		"a line came twice": {strings.Join(lines[:60], "") + lines[59] + strings.Join(lines[60:], ""), "came twice"},
		"another body":      {change(59, `":"`, `":"x`), "line 60"},
		"another time":      {change(59, `"occurred_at":"2026-`, `"occurred_at":"2025-`), "log.hash: the event is not what its hash says"},
		"an unknown type":   {change(59, `{"type":"`, `{"type":"x`), "is unknown"},
		"a newer schema":    {change(59, `"schema":1`, `"schema":2`), "the program that wrote it or a newer one"},
		"a newer format":    {change(0, `"format":1`, `"format":2`), "format 2"},
		"no log":            {change(59, `"log"`, `"lug"`), "stands before log"},
		"two exports":       {text + text, "has ended before"},
		"a plain event":     {strings.Join(lines[:60], "") + `{"type":"service","name":"x"}` + "\n" + strings.Join(lines[60:], ""), "events of other origin"},
	} {
		a := open(t, Options{Data: t.TempDir()})
		_, err := a.TakeIn(t.Context(), strings.NewReader(c.text), "x.jsonl", TakeOptions{Acts: true})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "x.jsonl") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFileOfAnExportIsWholeOrNotThere(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	peopled(t, dir, exportStart.Add(6*24*time.Hour))
	file := filepath.Join(out, "x.jsonl.gz")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := ExportFile(ctx, dir, file, ExportOptions{Progress: func(int64, int64) { cancel() }}); err == nil {
		t.Error("an export that was interrupted says that it was made")
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	x, err := ExportFile(t.Context(), dir, file, ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != x.Size || x.Events == 0 {
		t.Errorf("%+v, %v, %v", x, info, err)
	}
	if _, err := ExportFile(t.Context(), dir, file, ExportOptions{}); plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("a file that exists: %v", err)
	}
	if _, err := ExportFile(t.Context(), dir, file, ExportOptions{Force: true}); err != nil {
		t.Error(err)
	}
	if _, err := ExportFile(t.Context(), t.TempDir(), filepath.Join(out, "y"), ExportOptions{}); plimsoll.ErrorCode(err) != plimsoll.CodeNotFound {
		t.Errorf("a folder without data: %v", err)
	}
}

// What can be read of a damaged log is written, up to the event that cannot.
func TestWhatCanBeReadOfADamagedLogIsExported(t *testing.T) {
	dir := t.TempDir()
	a := open(t, Options{Data: dir})
	var events strings.Builder
	const count = 3000
	for i := range count {
		fmt.Fprintf(&events, `{"type":"service","name":"service-number-%d-of-the-list"}`+"\n", i)
	}
	if _, err := a.door.Accept(t.Context(), ingest.Body{Reader: strings.NewReader(events.String())}); err != nil {
		t.Fatal(err)
	}
	stop(t, a)
	path := filepath.Join(dir, "plimsoll.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(`{"name":"service-number-1700-`))
	copy(data[at/4096*4096:], make([]byte, 64)) // the head of that page
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out, err := Export(t.Context(), dir, &b, ExportOptions{})
	if plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable || !strings.Contains(err.Error(), fmt.Sprintf("event %d cannot be read", out.Events+1)) {
		t.Errorf("%v", err)
	}
	if out.Events < 1500 || out.Events > 1701 {
		t.Errorf("%d events were written", out.Events)
	}
	other := open(t, Options{Data: t.TempDir()})
	taken, err := other.TakeIn(t.Context(), &b, "x.jsonl", TakeOptions{})
	if err == nil || !strings.Contains(err.Error(), "is cut off") || int64(taken.Accepted) != out.Events {
		t.Errorf("%+v, %v", taken, err)
	}
}
