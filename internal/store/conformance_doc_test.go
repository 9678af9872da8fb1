package store

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const conformanceDoc = "../../docs/conformance.md"

// propertiesBySubject are all properties, under what they are about.
var propertiesBySubject = []struct {
	subject string
	list    []property
}{
	{"The log", logProperties}, {"Commits that are shared", groupProperties}, {"Followers", followProperties},
	{"Versions of facts", versionProperties}, {"Reads", readProperties}, {"As of", asOfProperties}, {"Organisations", orgProperties},
	{"Labels", labelProperties}, {"Leases", leaseProperties}, {"Tokens", tokenProperties}, {"Rows written together", rowProperties},
	{"What the store says of itself", watchProperties}, {"What is dropped and moved", keepProperties},
}

// TestTheTableOfWhatBothDatabasesHoldIsTrue keeps the document equal to the tests.
func TestTheTableOfWhatBothDatabasesHoldIsTrue(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What both databases hold\n\nThis page is made from the tests: `go test ./internal/store -run TableOfWhat -update`.\n\n" +
		"## Properties\n\nEach is checked on SQLite and on PostgreSQL, `go test -v -run Holds ./internal/store`.\n")
	n := 0
	for _, s := range propertiesBySubject {
		fmt.Fprintf(&b, "\n**%s.**\n\n", s.subject)
		for _, p := range s.list {
			fmt.Fprintf(&b, "- %s\n", p.name)
			n++
		}
	}
	b.WriteString("\n## Dangerous steps\n\nAt each, on both databases, the process is killed and the step is made to fail, many times at random places; then everything\n" +
		"acknowledged is there once, and the facts are those of a fold from nothing: `go test -run 'Killed|DiesAtAnyStep' ./internal/store`,\n" +
		"`go test -run Fault ./internal/fold`.\n\n| step | when |\n|---|---|\n")
	for _, s := range dangerousSteps {
		when, ok := stepsInWords[s]
		if !ok {
			t.Errorf("say what the step %s is", s)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", s, when)
	}
	for _, list := range conformanceLists() {
		n -= len(list)
	}
	if n != 0 {
		t.Errorf("the table and the tests differ by %d properties", n)
	}
	want := b.String()
	if *update {
		if err := os.WriteFile(conformanceDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(conformanceDoc)
	if err != nil || string(got) != want {
		t.Errorf("docs/conformance.md is not what the tests say (%v); write it anew with -update", err)
	}
}

var stepsInWords = map[string]string{
	"append:begin":       "a delivery is taken up",
	"append:events":      "its events are written, their numbers not yet given",
	"append:counter":     "its numbers are given, nothing is committed",
	"derive:deployments": "the deployments of a service are written, what follows from them not yet",
	"write:begin":        "a commit that several share begins",
	"write:commit":       "everything of it is written, the commit is about to be made",
	"write:acknowledge":  "the commit is made, nobody was told",
	"lease:take":         "a server takes the right to fold",
	"lease:keep":         "a server makes it last, within the transaction that writes facts",
}
