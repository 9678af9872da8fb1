package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func compactCommand() *cobra.Command {
	var config string
	var r app.Retention
	var bodies float64
	var shrink bool
	c := &cobra.Command{
		Use:   "compact",
		Short: "Drop what no number of today is made of",
		Long: "Drop originals of old deliveries and, when told how far back as_of shall reach, what was known before. No number\n" +
			"of today changes, and the log is not touched. The server does the same every hour by its configuration; that of\n" +
			"a data folder must be stopped for this. The database reuses the room, and gives it back to the disk with --shrink,\n" +
			"for which it needs as much free space again.",
		Example: "  plimsoll compact --config plimsoll.yaml\n  plimsoll compact --as-of-days 730 --shrink",
		Args:    cobra.NoArgs,
	}
	at := placeFlags(c)
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&config, "config", os.Getenv("PLIMSOLL_CONFIG"), "configuration file, for its part retention (PLIMSOLL_CONFIG)")
	f.Float64Var(&r.AsOfDays, "as-of-days", 0, "keep what was known for so many days; 0 keeps all")
	f.Float64Var(&bodies, "raw-bodies-days", 90, "keep originals of deliveries for so many days; 0 keeps all")
	f.BoolVar(&shrink, "shrink", false, "give the room back to the disk")
	c.RunE = func(c *cobra.Command, _ []string) error {
		began := time.Now()
		read := app.Retention{}
		if config != "" {
			file, err := app.ReadConfig(config)
			if err != nil {
				return err
			}
			read = file.Retention
		}
		if f.Changed("as-of-days") {
			read.AsOfDays = r.AsOfDays
		}
		if f.Changed("raw-bodies-days") {
			read.BodyDays = &bodies
		}
		if !(read.AsOfDays >= 0) || !(bodies >= 0) {
			return usageError("--as-of-days and --raw-bodies-days are days, 0 for no bound")
		}
		if err := at.resolve(true); err != nil {
			return err
		}
		if shrink && at.database != "" {
			return usageError("--shrink is for a data folder; PostgreSQL gives room back by VACUUM, which it runs itself")
		}
		a, err := app.New(c.Context(), app.Options{Data: at.data, Database: at.database})
		if err != nil {
			return err
		}
		out, err := a.Compact(c.Context(), read)
		if stopErr := a.Stop(context.WithoutCancel(c.Context())); err == nil {
			err = stopErr
		}
		if err != nil {
			return err
		}
		said := fmt.Sprintf("Dropped %s versions of facts, %s moments and %s originals of deliveries, in %s.\n",
			thousands(out.Versions), thousands(out.Moments), thousands(out.Bodies), time.Since(began).Round(time.Millisecond))
		if out.Horizon.Known() {
			said += fmt.Sprintf("What was known can be asked for from %s on.\n", out.Horizon)
		}
		if shrink {
			before, after, err := app.Shrink(c.Context(), at.data)
			if err != nil {
				return err
			}
			said += fmt.Sprintf("The database takes %s; it took %s.\n", byteSize(after), byteSize(before))
		}
		_, err = fmt.Fprint(c.OutOrStdout(), said)
		return err
	}
	return c
}
