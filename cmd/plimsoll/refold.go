package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func refoldCommand() *cobra.Command {
	zoneName := os.Getenv("PLIMSOLL_ZONE")
	if zoneName == "" {
		zoneName = "UTC"
	}
	var steps string
	config := os.Getenv("PLIMSOLL_CONFIG")
	var at *place
	c := &cobra.Command{
		Use:     "refold",
		Short:   "Forget every fact and derive all of them again from the log",
		Long:    "Forget every fact and derive all of them again from the log, for instance after an upgrade that derives\nsomething better. What the tools of vendors delivered is decoded again first, as far as the originals are kept and\nthe sources stand in the configuration file: what says something else now is added to the log. Nothing in the log is\nchanged. The server of a data folder must be stopped; servers on a database go on, and fold again when this has\nended.\n\nWhat was known at the ends of the steps can be asked for afterwards with as_of, and what was known in between\ncannot. More steps take longer; history that was imported at once has one.",
		Example: "  plimsoll refold --data .plimsoll\n  plimsoll refold --config plimsoll.yaml\n  plimsoll refold --steps day --zone Europe/Berlin",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			zone, err := readZone(zoneName)
			if err != nil {
				return err
			}
			if err := at.resolve(true); err != nil {
				return err
			}
			sources := app.Config{}
			if config != "" {
				if sources, err = app.ReadConfig(config); err != nil {
					return err
				}
			}
			a, err := app.New(c.Context(), app.Options{Data: at.data, Database: at.database, Zone: zone, Sources: &sources})
			if err != nil {
				return err
			}
			began := time.Now()
			again, err := a.Redecode(c.Context())
			if err == nil {
				err = sayRedecoded(c.OutOrStdout(), again.Deliveries, again.Events, again.Undecodable, again.Unconfigured)
			}
			if err == nil {
				err = a.Refold(c.Context(), steps)
			}
			if stopErr := a.Stop(c.Context()); err == nil {
				err = stopErr
			}
			if err == nil {
				_, err = fmt.Fprintf(c.OutOrStdout(), "All facts are derived again, in %s.\n", time.Since(began).Round(time.Millisecond))
			}
			return err
		},
	}
	c.Flags().StringVar(&steps, "steps", "month", "none, month, day, hour or quarter (of an hour)")
	c.Flags().StringVar(&config, "config", config, "configuration file, for its sources (PLIMSOLL_CONFIG)")
	c.Flags().StringVar(&zoneName, "zone", zoneName, "time zone in which days and months end (PLIMSOLL_ZONE)")
	at = placeFlags(c)
	return c
}

// sayRedecoded says what became of the deliveries of tools.
func sayRedecoded(w io.Writer, looked, changed, undecodable, unconfigured int) (err error) {
	if looked > 0 {
		_, err = fmt.Fprintf(w, "%d deliveries of tools are decoded again; events that are new or changed: %d.\n", looked, changed)
	}
	if undecodable > 0 && err == nil {
		_, err = fmt.Fprintf(w, "Deliveries that still cannot be decoded: %d.\n", undecodable)
	}
	if unconfigured > 0 && err == nil {
		_, err = fmt.Fprintf(w, "Deliveries left as they were, since their source is not configured: %d. Name the file with --config.\n", unconfigured)
	}
	return err
}

func readZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, plimsoll.FieldErrorf("--zone", "%q is no time zone; expected a name like Europe/Berlin", name)
	}
	return zone, nil
}
