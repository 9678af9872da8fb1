package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readText(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plimsoll.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(path)
}

func TestAMistakeAmongTheSourcesIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"sources:\n  githup: {}\n":                                                         "githup: no such source; did you mean github?",
		"sources:\n  jenkins: {}\n":                                                        "jenkins: no such source; known are alertmanager, cdevents",
		"sources:\n  github/: {}\n":                                                        "github/: expected KIND or KIND/NAME",
		"sources:\n  github:\n    secret: x\n":                                             "line 3: unknown key secret",
		"sources:\n  github:\n    deployments:\n      - workfow: x\n":                      "line 4: unknown key workfow; did you mean workflow?",
		"sources:\n  github:\n    deployments:\n      - workflow: x\n        service: a\n": "deployments[0]: environment is missing",
		"sources:\n  generic:\n    fields: {id: a}\n":                                      "fields: type is missing",
		"sources: [github]\n":                                                              "line 1: expected keys and values",
		"sources:\n  github: secret\n":                                                     "line 2: expected keys and values",
	} {
		if _, err := readText(t, file); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %s", file, err, want)
		}
	}
	t.Setenv("SHORT", "abc")
	for file, want := range map[string]string{
		"sources:\n  github:\n    secret_env: SHORT\n":                              "the secret in secret_env SHORT has 3 characters; expected at least 8",
		"sources:\n  github:\n    secret_file: not-there\n":                         "github: secret_file not-there: no such file",
		"sources:\n  github:\n    secret_env: NOT_SET_ANYWHERE\n    unsigned: true": "has 0 characters",
	} {
		c, err := readText(t, file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), Options{Data: t.TempDir(), Config: &c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", file, err, want)
		}
	}
}

// What the documentation shows can be copied.
func TestTheSourcesOfTheDocumentationAreGood(t *testing.T) {
	doc, err := os.ReadFile("../../docs/integrations.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) < 8 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if c, err := readText(t, b[1]); err != nil || len(c.Sources) == 0 {
			t.Errorf("%s\n%v", b[1], err)
		}
	}
}
