package app

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
)

// Config is the configuration file. All of it is optional.
type Config struct {
	Production     []string `yaml:"production_environments"`
	HotfixHours    float64  `yaml:"hotfix_hours"`
	HotfixBranch   string   `yaml:"hotfix_branch"`
	AttributeHours float64  `yaml:"attribution_hours"`
	TakenBackHours float64  `yaml:"taken_back_hours"`

	AcceptProbability float64 `yaml:"accept_probability"`
	AcceptImpact      *bool   `yaml:"accept_impact"`
	RestoredAt        string  `yaml:"restored_at"`

	Services  []Service `yaml:"services"`
	Retention Retention `yaml:"retention"`

	Sources map[string]Source `yaml:"sources"`
}

// Service is one entry of the catalogue.
type Service struct {
	Name            string   `yaml:"name"`
	Team            string   `yaml:"team"`
	Tier            string   `yaml:"tier"`
	Repository      string   `yaml:"repository"`
	Paths           []string `yaml:"paths"`
	DependsOn       []string `yaml:"depends_on"`
	Slack           string   `yaml:"slack"`
	RunbookURL      string   `yaml:"runbook_url"`
	RollbackCommand string   `yaml:"rollback_command"`
}

// mostConfig bounds the file; a catalogue of 10,000 services fits.
const mostConfig = 8 << 20

// ReadConfig reads and checks a configuration file. An error names the line
// and what was expected.
func ReadConfig(path string) (Config, error) {
	var c Config
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostConfig {
		return c, plimsoll.FieldErrorf("--config", "%s is larger than %d MiB", path, mostConfig>>20)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return c, plimsoll.FieldErrorf("--config", "%s: %v", path, err)
	}
	if err := c.parse(body); err != nil {
		return c, plimsoll.FieldErrorf("--config", "%s: %v", path, err)
	}
	return c, nil
}

func (c *Config) parse(body []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(body, &doc); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	root := doc.Content[0]
	if err := checkKeys(root, keysOf[Config]()); err != nil {
		return err
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "retention" {
			if err := checkKeys(root.Content[i+1], keysOf[Retention]()); err != nil {
				return err
			}
		}
		if root.Content[i].Value == "sources" {
			if err := checkSources(root.Content[i+1]); err != nil {
				return err
			}
		}
		if root.Content[i].Value != "services" {
			continue
		}
		for _, s := range root.Content[i+1].Content {
			if err := checkKeys(s, keysOf[Service]()); err != nil {
				return err
			}
		}
	}
	if err := root.Decode(c); err != nil {
		var typed *yaml.TypeError
		if errors.As(err, &typed) {
			return errors.New(inWords(strings.Join(typed.Errors, "; ")))
		}
		return err
	}
	return c.check()
}

// inWords takes the names of YAML's tags and Go's types out of an error:
// "line 1: cannot unmarshal !!str `x` into float64" says neither to a reader.
func inWords(s string) string {
	return strings.NewReplacer(
		"cannot unmarshal !!str", "found the text", "cannot unmarshal !!", "found a ", "into float64", "where a number is expected", "into int", "where a whole number is expected",
		"into bool", "where true or false is expected", "into string", "where a text is expected",
		"into []string", "where a list of texts is expected",
	).Replace(s)
}

// check refuses what would be read but not meant.
func (c *Config) check() error {
	for name, hours := range map[string]float64{
		"hotfix_hours": c.HotfixHours, "attribution_hours": c.AttributeHours, "taken_back_hours": c.TakenBackHours,
	} {
		if hours < 0 || hours > 24*366 {
			return fmt.Errorf("%s: %v; expected hours from 0 to a year", name, hours)
		}
	}
	bodies := 0.0
	if c.Retention.BodyDays != nil {
		bodies = *c.Retention.BodyDays
	}
	for name, v := range map[string]float64{
		"raw_bodies_days": bodies, "raw_bodies_mb": c.Retention.BodyMB, "as_of_days": c.Retention.AsOfDays,
	} {
		if !(v >= 0 && v <= 1e6) {
			return fmt.Errorf("retention: %s: %v; expected 0 for no bound, up to a million", name, v)
		}
	}
	if c.RestoredAt != "" && c.RestoredAt != plimsoll.RestoredResolved && c.RestoredAt != plimsoll.RestoredMitigated {
		return fmt.Errorf("restored_at: %q; expected resolved or mitigated", c.RestoredAt)
	}
	if p := c.AcceptProbability; p < 0 || p > 1 {
		return fmt.Errorf("accept_probability: %v; expected a probability above 0, up to 1", p)
	}
	if _, err := regexp.Compile(c.HotfixBranch); err != nil {
		return fmt.Errorf("hotfix_branch: %v", err)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Sources)) {
		if err := c.Sources[key].check(key); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i, s := range c.Services {
		switch {
		case s.Name == "":
			return fmt.Errorf("services[%d]: name is missing", i)
		case seen[s.Name]:
			return fmt.Errorf("services[%d]: %s stands there twice", i, s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// checkKeys refuses a key that is not known, with its line and the nearest one
// that is.
func checkKeys(n *yaml.Node, known []string) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected keys and values", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if slices.Contains(known, key.Value) {
			continue
		}
		hint := "expected one of " + strings.Join(known, ", ")
		if near := plimsoll.Nearest(key.Value, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		return fmt.Errorf("line %d: unknown key %s; %s", key.Line, key.Value, hint)
	}
	return nil
}

// declaration is what the file says of facts.
func (c Config) declaration() ingest.Declaration {
	d := ingest.Declaration{Settings: plimsoll.Settings{
		Production: c.Production, HotfixHours: c.HotfixHours, HotfixBranch: c.HotfixBranch,
		AttributeHours: c.AttributeHours, TakenBackHours: c.TakenBackHours,
		AcceptProbability: c.AcceptProbability, AcceptImpact: c.AcceptImpact, RestoredAt: c.RestoredAt,
	}}
	for _, s := range c.Services {
		d.Services = append(d.Services, plimsoll.ServiceReport{
			Name: s.Name, Team: s.Team, Tier: s.Tier, Repository: s.Repository, Paths: s.Paths, DependsOn: s.DependsOn,
			Slack: s.Slack, RunbookURL: s.RunbookURL, RollbackCommand: s.RollbackCommand,
		})
	}
	return d
}

// keysOf lists the keys of a part of the file, by its tags.
func keysOf[T any]() []string {
	var keys []string
	for f := range reflect.TypeFor[T]().Fields() {
		keys = append(keys, f.Tag.Get("yaml"))
	}
	return keys
}
