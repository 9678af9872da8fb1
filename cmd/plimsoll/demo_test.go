package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const lives = "The organisation lives: "

func visit(t *testing.T, url string) (body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", url, res.Status, err, b)
	}
	return string(b), res.Header
}

// answerOf leaves out what moves on while the organisation lives.
func answerOf(t *testing.T, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "position")
	return m
}

func TestTheDemoShowsAYearAndGoesOnWhereItWas(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	url, stop := running(t, "demo", lives, "--data", data, "--services", "3", "--seed", "5", "--speed", "100000")

	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).UTC().Format("2006-01-02") }
	past := "/api/v1/measures?from=" + day(300) + "&to=" + day(60)
	before, header := visit(t, url+past)
	if header.Get("Plimsoll-Simulated") != "true" {
		t.Error("the API does not say that nothing of it is real")
	}
	frequency, _ := answerOf(t, before)["deployment_frequency"].(map[string]any)
	if n, _ := frequency["deployments"].(float64); n < 100 {
		t.Errorf("%v deployments in 240 days: %s", n, before)
	}
	for _, page := range []string{"/", "/deployments", "/incidents"} {
		if body, _ := visit(t, url+page); !strings.Contains(body, "Simulated: an organisation of 3 services that does not exist (seed 5).") {
			t.Errorf("%s does not say that it is simulated", page)
		}
	}
	position := func(url string) (n float64) {
		body, _ := visit(t, url+"/readyz")
		n, _ = answerOf(t, body)["log"].(float64)
		return n
	}
	began := position(url)
	for deadline := time.Now().Add(time.Minute); position(url) == began; {
		if time.Now().After(deadline) {
			t.Fatal("nothing happens in this organisation") // in months of its time
		}
		<-time.After(100 * time.Millisecond)
	}
	if s := stop(); s.code != 0 || strings.Contains(s.err, "ERROR") {
		t.Fatalf("%+v", s)
	}

	// Other organisations do not come into this folder.
	call(t, "demo", "--data", data, "--seed", "6").wrong(t, "--seed", "holds the demo of seed 5")
	call(t, "demo", "--data", data, "--services", "4").wrong(t, "--services", "a demo of 3 services")

	url, stop = running(t, "demo", lives, "--data", data, "--speed", "100000")
	after, _ := visit(t, url+past)
	if a, b := answerOf(t, before), answerOf(t, after); !sameJSON(t, a, b) {
		t.Errorf("started again the past is another:\n%s\n%s", before, after)
	}
	if s := stop(); s.code != 0 || strings.Contains(s.err, "ERROR") {
		t.Fatalf("%+v", s)
	}

	// Nothing came twice: the facts made anew of the whole log are the same.
	fine(t, "refold", "--data", data)
	if out := fine(t, "measures", "--data", data, "--format", "json", "--from", day(300), "--to", day(60)); !sameJSON(t, answerOf(t, out), answerOf(t, after)) {
		t.Errorf("folded again the past is another:\n%s\n%s", out, after)
	}
}

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return string(x) == string(y)
}

func TestTheDemoRefusesWhatItCannotBe(t *testing.T) {
	other := t.TempDir()
	fine(t, "import", "jsonl", write(t, "past.jsonl", lines), "--data", other)
	call(t, "demo", "--data", other).wrong(t, "--data", "holds data of its own; the demo needs another folder")
	for line, words := range map[string]string{
		"--services 0":    "--services: 0; expected 1 or more",
		"--services 9999": "--services: 9999; expected 1 to 5000",
		"--seed 0":        "--seed: 0; expected 1 or more",
		"--speed -1":      "--speed: -1; expected 0.01",
		"--zone nowhere":  "--zone",
		"--listen x":      "--listen",
	} {
		call(t, append([]string{"demo", "--data", filepath.Join(t.TempDir(), "demo")}, strings.Fields(line)...)...).wrong(t, words)
	}
	damaged := t.TempDir()
	for content, words := range map[string]string{`{`: "cannot be read", `{"version":0}`: "another version"} {
		if err := os.WriteFile(filepath.Join(damaged, "demo.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		call(t, "demo", "--data", damaged).wrong(t, "--data", words)
	}
}
