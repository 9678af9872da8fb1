// Command plimsoll is the server and its command line. Each verb has a file of
// its own; the program is a function of its arguments, so that tests call it as
// a user does.
//
// It exits 0 when all is well, 1 when the answer is no, and 2 when it was used
// wrongly or cannot tell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
)

// version is stamped by the build.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err))
}

// errNo is the answer no: exit code 1 with nothing more to say.
var errNo = errors.New("no")

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return 1
	}
	return 2
}

// Run is the whole program. It writes errors to stderr and returns them.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:           "plimsoll",
		Short:         "Release metrics that are right and can prove it",
		Long:          "Plimsoll takes events from the tools you have, keeps them durably, and answers how often you deploy,\nhow fast changes get out, how often deployments fail, and how fast you recover.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(append([]string{}, args...)) // nil would mean those of the process
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetUsageTemplate(root.UsageTemplate() + exitCodes)
	root.AddCommand(
		serveCommand(),
		demoCommand(),
		importCommand(),
		recordCommand(),
		measuresCommand(),
		explainCommand(),
		compareCommand(),
		trendCommand(),
		baselineCommand(),
		targetsCommand(),
		bottleneckCommand(),
		signsCommand(),
		deploymentsCommand(),
		changesCommand(),
		incidentsCommand(),
		evidenceCommand(),
		lateCommand(),
		tokenCommand(),
		refoldCommand(),
		doctorCommand(),
		backupCommand(),
		restoreCommand(),
		exportCommand(),
		compactCommand(),
		versionCommand(),
	)
	for _, c := range append(root.Commands(), root) {
		if !c.Runnable() {
			c.Args, c.RunE = cobra.ArbitraryArgs, chooseVerb
		}
	}
	sayMisuse(root)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil || errors.Is(err, errNo):
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "plimsoll: interrupted")
	default:
		text := oneLine(err.Error())
		var known *plimsoll.Error
		if errors.As(err, &known) && known.Code == plimsoll.CodeUnauthorized { // the words are those of the API
			text = strings.Replace(text, "send Authorization: Bearer TOKEN", "give one with --token-file FILE or in PLIMSOLL_TOKEN", 1)
		}
		fmt.Fprintln(stderr, "plimsoll: "+text)
	}
	return err
}

const exitCodes = `
Exit codes: 0 fine, 1 the answer is no, 2 wrong use or cannot tell
`

// chooseVerb is what a verb does that only groups others: a script that
// misspells one must not take its help for success.
func chooseVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 && !c.HasParent() {
		return c.Help()
	}
	c.SuggestionsMinimumDistance = 2
	path := strings.TrimPrefix(c.CommandPath()+" ", "plimsoll ")
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			names = append(names, sub.Name())
		}
	}
	if len(args) == 0 {
		return usageError("%swhat? expected one of %s", path, strings.Join(names, ", "))
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = ", did you mean " + path + near[0] + "?"
	}
	return usageError("unknown verb %q%s; expected one of %s", path+args[0], hint, strings.Join(names, ", "))
}

// oneLine keeps an error on one line, so that logs and terminals show it whole.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
