package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestAMistakeInTheConfigurationIsNamedWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"a misspelt key", "hotfix_hours: 24\nproduction_environment: [prod]\n", "line 2: unknown key production_environment; did you mean production_environments?"},
		{"a key of nobody", "budget: 1\n", "line 1: unknown key budget; expected one of production_environments, hotfix_hours"},
		{"a misspelt key of a service", "services:\n  - name: web\n    repo: x\n", "line 3: unknown key repo"},
		{"a wrong type", "hotfix_hours: soon\n", "line 1: found the text `soon` where a number is expected"},
		{"no mapping", "- a\n- b\n", "line 1: expected keys and values"},
		{"no YAML", "a: [\n", "line 1"},
		{"a service without a name", "services:\n  - team: web\n", "services[0]: name is missing"},
		{"a service twice", "services:\n  - name: web\n  - name: web\n", "services[1]: web stands there twice"},
		{"a pattern that does not compile", "hotfix_branch: \"(\"\n", "hotfix_branch: error parsing regexp"},
		{"a probability above one", "accept_probability: 1.5\n", "accept_probability: 1.5; expected a probability above 0, up to 1"},
		{"neither true nor false", "accept_impact: perhaps\n", "line 1: found the text `perhaps` where true or false is expected"},
		{"hours below zero", "taken_back_hours: -1\n", "taken_back_hours: -1; expected hours from 0 to a year"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "plimsoll.yaml")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadConfig(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, expected %q on one line", err, c.want)
			}
		})
	}
	if _, err := ReadConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestTheConfigurationIsReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plimsoll.yaml")
	file := `
production_environments: [live-*]
hotfix_hours: 12
accept_probability: 0.8
accept_impact: false
services:
  - name: webapp
    team: web
    repository: github.com/acme/shop
    paths: [services/webapp]
`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	d := c.declaration()
	if !reflect.DeepEqual(d.Settings.Production, []string{"live-*"}) || d.Settings.HotfixHours != 12 {
		t.Errorf("settings are %+v", d.Settings)
	}
	if d.Settings.AcceptProbability != 0.8 || d.Settings.AcceptImpact == nil || *d.Settings.AcceptImpact {
		t.Errorf("settings are %+v", d.Settings)
	}
	if len(d.Services) != 1 || d.Services[0].Team != "web" || d.Services[0].Paths[0] != "services/webapp" {
		t.Errorf("services are %+v", d.Services)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadConfig(path); err != nil || !reflect.DeepEqual(c, Config{}) {
		t.Errorf("an empty file is %+v, %v", c, err)
	}
}
