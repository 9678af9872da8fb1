package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var verbs = [][]string{
	{"serve"}, {"demo"}, {"import"}, {"import", "git"}, {"import", "jsonl"}, {"import", "csv"}, {"record"},
	{"record", "deployment"}, {"record", "incident"}, {"record", "change"}, {"record", "flag"}, {"measures"}, {"explain"},
	{"deployments"}, {"changes"}, {"incidents"}, {"compare"}, {"trend"}, {"baseline"}, {"targets"}, {"targets", "set"},
	{"targets", "drop"}, {"signs"}, {"refold"}, {"doctor"}, {"version"}, {"evidence"}, {"evidence", "list"}, {"evidence", "confirm"},
	{"evidence", "reject"}, {"late"}, {"bottleneck"}, {"token"}, {"token", "create"}, {"token", "list"}, {"token", "revoke"}, {"token", "rotate"},
}

func TestTheHelpOfEveryVerbShowsAnExampleAndItsExitCodes(t *testing.T) {
	for _, verb := range verbs {
		out := fine(t, append(slices.Clone(verb), "--help")...)
		for _, part := range []string{"Examples:\n  plimsoll " + strings.Join(verb, " "), "Exit codes: 0 fine"} {
			if !strings.Contains(out, part) {
				t.Errorf("%v: no %q in\n%s", verb, part, out)
			}
		}
		for line := range strings.Lines(out) {
			if len([]rune(line)) > 161 {
				t.Errorf("%v: a line of %d characters: %s", verb, len(line), line)
			}
		}
	}
	if out := fine(t); !strings.Contains(out, "Available Commands:") {
		t.Errorf("without arguments: %s", out)
	}
	if out := fine(t, "version"); !strings.HasPrefix(out, "plimsoll ") || strings.Count(out, "\n") != 1 {
		t.Errorf("version: %q", out)
	}
}

func TestWrongUseIsOneLineAndExitCode2(t *testing.T) {
	data, none := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "none")
	for line, words := range map[string]string{
		"foo":                                     `unknown verb "foo"`,
		"meassures":                               "did you mean measures?",
		"record":                                  "expected one of change, deployment",
		"record deploymnet":                       "did you mean record deployment?",
		"import":                                  "expected one of csv, git, jsonl",
		"import svn":                              "unknown verb",
		"explain":                                 "expected one measure",
		"explain speed --data " + none:            "holds no data yet",
		"measures --bogus":                        "unknown flag: --bogus; see plimsoll measures --help",
		"measures extra":                          `"extra" is too much; expected plimsoll measures and flags only`,
		"measures --sinse 3d":                     "did you mean --since?",
		"measures --since":                        "see plimsoll measures --help",
		"measures --format xml":                   "--format",
		"measures --since 3x":                     "--since",
		"measures --service a --team b":           "exclude each other",
		"measures --server x --data y":            "--data: contradicts --server",
		"measures --server ftp://x":               "--server",
		"late":                                    "--as-of is missing",
		"doctor --data " + none:                   "holds no data",
		"doctor --format csv":                     "--format",
		"serve --log-level loud":                  "--log-level",
		"serve --log-format xml":                  "--log-format",
		"serve --debug-listen :6060":              "--debug-reachable-by-others",
		"serve --otlp-endpoint x:4318":            "--otlp-endpoint",
		"refold --zone Moon":                      "--zone",
		"refold --data " + none:                   "holds no data yet; expected the folder of a server",
		"measures --server http://x --token-file": "token-file",
		"measures --token-file nowhere --server http://127.0.0.1:1":                                       "--token-file",
		"measures --data " + none:                                                                         "holds no data yet; import something first",
		"deployments --data " + none:                                                                      "holds no data yet",
		"record deployment --planned perhaps":                                                             "--planned",
		"record deployment --waited-seconds long":                                                         "--waited-seconds",
		"record deployment --label nothing":                                                               "--label",
		"record deployment --data " + data:                                                                "--service: missing",
		"record deployment --service web --data " + data:                                                  "--environment: missing",
		"record deployment --service web --environment production --result succes --data " + data:         "--result",
		"record deployment --service web --environment production --finished-at yesterday --data " + data: "--finished-at",
		"record incident --services web --data " + data:                                                   "--id: missing",
		"record change --sha abc --repository r --data " + data:                                           "--committed-at: missing",
		"record flag --environment production --data " + data:                                             "--key: missing",
		"import jsonl nowhere.jsonl --data " + data:                                                       "nowhere.jsonl",
		"token":                                            "expected one of create, list, revoke, rotate",
		"token make":                                       "unknown verb",
		"token list --data " + none:                        "holds no data yet",
		"token list --format csv --data " + data:           "--format",
		"token create --data " + data:                      "--name: missing",
		"token create --name a --data " + data:             "--role",
		"token create --name a --role root --data " + data: "--role",
		"token create --name a --role viewer --expires soon --data " + data: "--expires",
		"token create --name a --role viewer --kind cat --data " + data:     "--kind",
		"token create --name a --role viewer --ingest-only --data " + data:  "--ingest-only",
		"token create --name a --role admin --team shop --data " + data:     "--team",
		"token revoke --data " + data:                                       "ID is missing; expected plimsoll token revoke ID",
		"token revoke aaaaaaaa --data " + data:                              "no token aaaaaaaa",
		"token rotate aaaaaaaa --overlap 3x --data " + data:                 "--overlap",
		"serve --trust-proxy --listen 0.0.0.0:0 --data " + data:             "--trust-proxy",
		"import csv":                                "FILE is missing; expected plimsoll import csv FILE",
		"serve --listen 8080 --data " + data:        "--listen",
		"serve --listen 0.0.0.0:0 --data " + data:   "can be reached from other machines; make a token with plimsoll token create, give a token with --token-file FILE or PLIMSOLL_TOKEN, or listen on 127.0.0.1",
		"serve --listen :0 --data " + data:          "can be reached from other machines",
		"serve --zone Mars/Olympus --data " + data:  "--zone",
		"serve --token-file nowhere --data " + data: "--token-file",
	} {
		t.Run(line, func(t *testing.T) {
			call(t, strings.Fields(line)...).wrong(t, words)
		})
	}
}

func TestAQuestionToAServerThatIsAwayFailsSoon(t *testing.T) {
	began := time.Now()
	call(t, "measures", "--server", "http://127.0.0.1:1").wrong(t, "no answer from http://127.0.0.1:1 (", "refused", "is the server running?")
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestATokenComesFromAFlagAFileOrTheEnvironment(t *testing.T) {
	file := write(t, "token", "s3cret\n")
	url, _ := serving(t, "--data", t.TempDir(), "--token-file", file)
	call(t, "deployments", "--server", url).wrong(t, "no valid token", "--token-file FILE or in PLIMSOLL_TOKEN")
	call(t, "deployments", "--server", url, "--token", "wrong").wrong(t, "no valid token")
	fine(t, "deployments", "--server", url, "--token", "s3cret")
	fine(t, "deployments", "--server", url, "--token-file", file)
	t.Setenv("PLIMSOLL_TOKEN", "s3cret")
	t.Setenv("PLIMSOLL_SERVER", url)
	fine(t, "deployments")
	call(t, "deployments", "--token-file", write(t, "empty", "\n")).wrong(t, "is empty")
}
