package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Source is what the file says of a tool whose deliveries are taken. Its key is
// the kind, or KIND/NAME for one of several.
type Source struct {
	SecretFile Strings `yaml:"secret_file"` // files that hold a secret each; two while it changes
	SecretEnv  Strings `yaml:"secret_env"`  // names of variables of the environment, likewise
	Unsigned   bool    `yaml:"unsigned"`    // anybody who reaches the server may deliver

	IncidentLabels []string            `yaml:"incident_labels"`
	Branches       []string            `yaml:"branches"`
	Deployments    []source.Rule       `yaml:"deployments"`
	Releases       string              `yaml:"releases"`
	Services       map[string]string   `yaml:"services"`
	ServiceLabels  []string            `yaml:"service_labels"`
	Severities     []string            `yaml:"severities"`
	Fields         map[string]string   `yaml:"fields"`
	Values         map[string]string   `yaml:"values"`
	When           map[string][]string `yaml:"when"`
}

// Strings is a list, or one text.
type Strings []string

// UnmarshalYAML reads a text or a list of texts.
func (s *Strings) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = Strings{n.Value}
		return nil
	}
	return n.Decode((*[]string)(s))
}

// checkSources refuses unknown keys below sources.
func checkSources(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected keys and values", n.Line)
	}
	for i := 1; i < len(n.Content); i += 2 {
		one := n.Content[i]
		if one.Kind == yaml.ScalarNode && one.Value == "" || one.Tag == "!!null" {
			continue // a source without options
		}
		if err := checkKeys(one, keysOf[Source]()); err != nil {
			return err
		}
		for j := 0; j+1 < len(one.Content); j += 2 {
			if one.Content[j].Value != "deployments" {
				continue
			}
			for _, rule := range one.Content[j+1].Content {
				if err := checkKeys(rule, keysOf[source.Rule]()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hook is a source without its secrets.
func (s Source) hook() ingest.Hook {
	return ingest.Hook{Unsigned: s.Unsigned, Options: source.Options{
		IncidentLabels: s.IncidentLabels, Branches: s.Branches, Deployments: s.Deployments, Releases: s.Releases, Services: s.Services,
		ServiceLabels: s.ServiceLabels, Severities: s.Severities, Fields: s.Fields, Values: s.Values, When: s.When,
	}}
}

// check refuses what cannot be meant, without reading a secret.
func (s Source) check(key string) error {
	if _, err := ingest.CheckHook(key, s.hook()); err != nil {
		return fmt.Errorf("sources: %w", err)
	}
	for i, r := range s.Deployments {
		switch {
		case r == source.Rule{}:
			return fmt.Errorf("sources: %s: deployments[%d]: empty; expected what must match, and a service", key, i)
		case (r.Workflow != "" || r.Job != "") && !r.Ignore && r.As == "" && r.Environment == "":
			return fmt.Errorf("sources: %s: deployments[%d]: environment is missing: a run does not say where it deploys", key, i)
		}
	}
	return nil
}

// hooks reads the secrets of the sources.
func (c Config) hooks() (map[string]ingest.Hook, error) {
	out := map[string]ingest.Hook{}
	for key, s := range c.Sources {
		h := s.hook()
		add := func(what, from, secret string) error {
			secret = strings.TrimSpace(secret)
			if len(secret) < leastSecret {
				return plimsoll.FieldErrorf("sources", "%s: the secret in %s %s has %d characters; expected at least %d", key, what, from, len(secret), leastSecret)
			}
			if !slices.Contains(h.Secrets, secret) {
				h.Secrets = append(h.Secrets, secret)
			}
			return nil
		}
		for _, name := range s.SecretFile {
			b, err := os.ReadFile(name)
			if err != nil {
				var pathErr *os.PathError
				if errors.As(err, &pathErr) {
					err = pathErr.Err
				}
				return nil, plimsoll.FieldErrorf("sources", "%s: secret_file %s: %v", key, name, err)
			}
			if err := add("secret_file", name, string(b)); err != nil {
				return nil, err
			}
		}
		for _, name := range s.SecretEnv {
			if err := add("secret_env", name, os.Getenv(name)); err != nil {
				return nil, err
			}
		}
		if _, err := ingest.CheckHook(key, h); err != nil {
			return nil, plimsoll.FieldErrorf("sources", "%v", err)
		}
		out[key] = h
	}
	return out, nil
}

// leastSecret is how short a secret may be.
const leastSecret = 8

// listenToTools lets the door take the deliveries that the configuration speaks of.
func (a *App) listenToTools(c *Config) error {
	if c == nil {
		return nil
	}
	hooks, err := c.hooks()
	if err != nil {
		return err
	}
	return a.door.Listen(hooks, c.declaration().Services)
}
