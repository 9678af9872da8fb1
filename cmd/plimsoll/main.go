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
)

// version is stamped by the build.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
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
		Args:          cobra.NoArgs,
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCommand(), importCommand(), recordCommand(), measuresCommand(),
		deploymentsCommand(), changesCommand(), incidentsCommand(), refoldCommand(), versionCommand())
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errNo) {
		fmt.Fprintln(stderr, "plimsoll: "+oneLine(err.Error()))
	}
	return err
}

// oneLine keeps an error on one line, so that logs and terminals show it whole.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
