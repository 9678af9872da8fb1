package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/history"
)

func exportCommand() *cobra.Command {
	var opt app.ExportOptions
	c := &cobra.Command{
		Use:   "export FILE",
		Short: "Write the log as JSON lines, - for standard output",
		Long: "Write every event of the log as a line of JSON, in the form that plimsoll import jsonl takes, to move to another\n" +
			"database or to merge stores. It works while the server runs. A name that ends in .gz is compressed.\n\n" +
			"Names behind references to persons stay here unless --with-people is given, and the secret that hashes of authors\n" +
			"are made with unless --with-secrets is: without it, authors and persons get other references in the new store.",
		Example: "  plimsoll export plimsoll.jsonl.gz --with-secrets\n  plimsoll export - | jq .type",
		Args:    cobra.ExactArgs(1),
	}
	from := placeFlags(c)
	f := c.Flags()
	f.BoolVar(&opt.Secrets, "with-secrets", false, "the secret behind hashes of authors too; keep the file like one")
	f.BoolVar(&opt.People, "with-people", false, "the names behind references to persons too")
	f.BoolVar(&opt.Force, "force", false, "replace a file of that name")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := from.resolve(false); err != nil {
			return err
		}
		opt.Database = from.database
		p := newProgress(c.ErrOrStderr())
		opt.Progress = func(events, total int64) {
			if p.due() {
				p.bar(float64(events)/float64(max(total, 1)), fmt.Sprintf("%s of %s events", thousands(events), thousands(total)))
			}
		}
		began := time.Now()
		if args[0] == "-" {
			_, err := app.Export(c.Context(), from.data, c.OutOrStdout(), opt)
			p.done()
			return err
		}
		x, err := app.ExportFile(c.Context(), from.data, args[0], opt)
		p.done()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "Exported %s to %s: %s events, %s, %s, in %s.\n", from, args[0], thousands(x.Events),
			along(x, opt), byteSize(x.Size), time.Since(began).Round(time.Millisecond))
		return err
	}
	return c
}

// along says what goes along with the events.
func along(x app.Exported, opt app.ExportOptions) string {
	people := "no names of persons"
	if opt.People {
		people = fmt.Sprintf("%d names of persons", x.People)
	}
	if opt.Secrets {
		return people + ", the secret of author hashes"
	}
	return people + ", no secrets"
}

// takeExport imports an export: into a data folder as it was, or to a server as
// events like any other.
func takeExport(c *cobra.Command, to *target, in *bufio.Reader, name string, opt app.TakeOptions) error {
	if to.resolve(); to.server != "" {
		return sendExport(c, to, in, name, opt)
	}
	ctx, zone := c.Context(), time.UTC
	if name := os.Getenv("PLIMSOLL_ZONE"); name != "" { // in which months end
		var err error
		if zone, err = readZone(name); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, app.Options{Data: to.data, Database: to.database, Zone: zone})
	if err != nil {
		return err
	}
	p := newProgress(c.ErrOrStderr())
	opt.Progress = func(lines, events int) { p.show(history.Progress{Lines: lines, Events: events}) }
	t, err := a.TakeIn(ctx, in, name, opt)
	p.done()
	if stopErr := a.Stop(context.WithoutCancel(ctx)); err == nil {
		err = stopErr
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.OutOrStdout(), describeTaken(t, name, opt))
	return err
}

func describeTaken(t app.TakenIn, name string, opt app.TakeOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Imported the export %s", name)
	if t.People > 0 {
		fmt.Fprintf(&b, ", with %d names of persons", t.People)
	}
	fmt.Fprintf(&b, ".\n%d events are new, %d were known already.\n", t.Accepted, t.Duplicates)
	if len(t.Acts) > 0 {
		var kinds []string
		for typ, n := range t.Acts {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, typ))
		}
		slices.Sort(kinds)
		fmt.Fprintf(&b, "  ! Acts of Plimsoll's own were left out (%s): targets, words of persons and what follows from them differ. --with-acts takes them.\n", strings.Join(kinds, ", "))
	}
	switch t.Secret {
	case "":
		b.WriteString("  - The export holds no secret: authors and persons that are reported from now on get other references than before.\n")
	case "other":
		b.WriteString("  ! The secret of the export was not taken: this store holds events made with its own. The same author is two where both stores saw him.\n")
	}
	switch {
	case t.Accepted == 0:
	case opt.Recorded:
		b.WriteString("  - What was known at the ends of months can be asked for with as_of; plimsoll refold --steps day keeps more.\n")
	default:
		b.WriteString("  - It is learnt now: as_of knows nothing of it before. --as-recorded keeps when it was learnt, in an empty store.\n")
	}
	return b.String()
}

// sendExport sends the events of an export to a server. It takes them as it
// would from anybody: no acts of our own, no names, no secrets.
func sendExport(c *cobra.Command, to *target, in *bufio.Reader, name string, opt app.TakeOptions) error {
	if opt.Acts || opt.Recorded {
		return usageError("--with-acts and --as-recorded are for whoever holds the data: stop the server and import into its folder with --data")
	}
	acts := 0
	return runImport(c, to, func(ctx context.Context, _ *client.Client, emit history.Emit, p *progress) (string, error) {
		tally, err := history.JSONL{Name: name, Reader: in, Progress: p.show, Map: func(line []byte) ([]byte, error) {
			event, act, err := app.PlainEvent(line)
			if act {
				acts++
			}
			return event, err
		}}.Run(ctx, emit)
		said := fmt.Sprintf("%d lines of the export %s.", tally.Lines, name)
		if acts > 0 {
			said += fmt.Sprintf("\n  ! %d acts of Plimsoll's own were left out: a server takes them from nobody. Import into its data folder to take them along.", acts)
		}
		return said, err
	})
}

// isExport looks at the first line.
func isExport(in *bufio.Reader) bool {
	head, _ := in.Peek(512)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return app.IsExport(line)
}

// unpacked reads a file, and one that is gzip unpacked.
func unpacked(in io.Reader, name string) (*bufio.Reader, error) {
	r := bufio.NewReaderSize(in, 64<<10)
	if magic, _ := r.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, plimsoll.FieldErrorf("FILE", "%s begins like gzip and is none: %v", name, err)
	}
	return bufio.NewReaderSize(z, 64<<10), nil
}
