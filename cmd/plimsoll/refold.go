package main

import (
	"fmt"
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
	var at *place
	c := &cobra.Command{
		Use:     "refold",
		Short:   "Forget every fact and derive all of them again from the log",
		Long:    "Forget every fact and derive all of them again from the log, for instance after an upgrade that derives\nsomething better. The log itself is not touched. The server of a data folder must be stopped; servers on a\ndatabase go on, and fold again when this has ended.\n\nWhat was known at the ends of the steps can be asked for afterwards with as_of, and what was known in between\ncannot. More steps take longer; history that was imported at once has one.",
		Example: "  plimsoll refold --data .plimsoll\n  plimsoll refold --steps day --zone Europe/Berlin",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			zone, err := readZone(zoneName)
			if err != nil {
				return err
			}
			if err := at.resolve(true); err != nil {
				return err
			}
			a, err := app.New(c.Context(), app.Options{Data: at.data, Database: at.database, Zone: zone})
			if err != nil {
				return err
			}
			began := time.Now()
			err = a.Refold(c.Context(), steps)
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
	c.Flags().StringVar(&zoneName, "zone", zoneName, "time zone in which days and months end (PLIMSOLL_ZONE)")
	at = placeFlags(c)
	return c
}

func readZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, plimsoll.FieldErrorf("--zone", "%q is no time zone; expected a name like Europe/Berlin", name)
	}
	return zone, nil
}
