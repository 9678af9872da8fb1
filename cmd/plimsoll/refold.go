package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func refoldCommand() *cobra.Command {
	data := os.Getenv("PLIMSOLL_DATA")
	if data == "" {
		data = defaultData
	}
	c := &cobra.Command{
		Use:     "refold",
		Short:   "Forget every fact and derive all of them again from the log",
		Long:    "Forget every fact and derive all of them again from the log, for instance after an upgrade that derives\nsomething better. The log itself is not touched. The server must be stopped.",
		Example: "  plimsoll refold --data .plimsoll",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.New(c.Context(), app.Options{Data: data})
			if err != nil {
				return err
			}
			began := time.Now()
			err = a.Refold(c.Context())
			if stopErr := a.Stop(c.Context()); err == nil {
				err = stopErr
			}
			if err == nil {
				_, err = fmt.Fprintf(c.OutOrStdout(), "All facts are derived again, in %s.\n", time.Since(began).Round(time.Millisecond))
			}
			return err
		},
	}
	c.Flags().StringVar(&data, "data", data, "data folder (PLIMSOLL_DATA)")
	return c
}
