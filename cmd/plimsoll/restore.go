package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func restoreCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into a data folder",
		Long: "Put a backup into a data folder, after verifying it. The server must be stopped. A folder that holds data is refused;\n" +
			"with --force that data is moved into a folder within it, and kept. A backup of an older version is migrated at the\n" +
			"next start.",
		Example: "  plimsoll restore /var/backups/plimsoll.db --data .plimsoll",
		Args:    cobra.ExactArgs(1),
	}
	data := dataFlag(c)
	c.Flags().BoolVar(&force, "force", false, "move the data that is in the folder aside")
	c.RunE = func(c *cobra.Command, args []string) error {
		began := time.Now()
		r, err := app.Restore(c.Context(), args[0], *data, force)
		if err != nil {
			return err
		}
		var out strings.Builder
		fmt.Fprintf(&out, "Restored %s from %s: %s, in %s.%s\n", *data, args[0], holds(r.Manifest), time.Since(began).Round(time.Millisecond), undescribed(r))
		if r.Schema < r.Known {
			fmt.Fprintf(&out, "It is of an older version (schema %d, this program knows %d) and is migrated at the next start.\n", r.Schema, r.Known)
		}
		if r.Aside != "" {
			fmt.Fprintf(&out, "What was there lies in %s; delete it when you are content.\n", r.Aside)
		}
		out.WriteString("What came after the backup is not there: let the senders repeat it, or import again.\n")
		_, err = io.WriteString(c.OutOrStdout(), out.String())
		return err
	}
	return c
}
