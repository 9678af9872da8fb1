package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

func backupCommand() *cobra.Command {
	var opt app.BackupOptions
	var verify bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the data into a file, also while the server runs",
		Long: "Copy the data into a file, also while the server runs, and verify the copy: every page, every event. The file gets\n" +
			"its name when it is whole and on disk. FILE.json beside it says what it holds. It holds secrets: keep it like one.\n\n" +
			"A PostgreSQL database is backed up with pg_dump.",
		Example: "  plimsoll backup /var/backups/plimsoll.db --keep 7\n  plimsoll backup --verify /var/backups/plimsoll.db",
		Args:    cobra.ExactArgs(1),
	}
	data := dataFlag(c)
	f := c.Flags()
	f.BoolVar(&opt.Force, "force", false, "replace a backup of that name")
	f.IntVar(&opt.Keep, "keep", 0, "keep this many of that name, the older ones as FILE.1, FILE.2 …")
	f.BoolVar(&verify, "verify", false, "only verify the backup FILE")
	c.RunE = func(c *cobra.Command, args []string) error {
		file := args[0]
		if os.Getenv("PLIMSOLL_DATABASE") != "" && !c.Flags().Changed("data") && !verify {
			return usageError("PLIMSOLL_DATABASE names a PostgreSQL database: back it up with pg_dump, or write its log with plimsoll export")
		}
		switch {
		case verify:
			r, err := app.VerifyBackup(c.Context(), file)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s is good: %s.%s\n", file, holds(r.Manifest), undescribed(r))
			return err
		case opt.Keep < 0 || c.Flags().Changed("keep") && opt.Keep == 0:
			return plimsoll.FieldErrorf("--keep", "%d; expected at least 1", opt.Keep)
		}
		p := newProgress(c.ErrOrStderr())
		opt.Progress = func(done, total int) {
			if p.due() {
				p.bar(float64(done)/float64(max(total, 1)), fmt.Sprintf("%d of %d pages", done, total))
			}
		}
		began := time.Now()
		m, err := app.Backup(c.Context(), *data, file, opt)
		p.done()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "Backed up %s to %s: %s, in %s. The copy is verified.\n",
			*data, file, holds(m), time.Since(began).Round(time.Millisecond))
		return err
	}
	return c
}

// holds says what a backup holds.
func holds(m app.Manifest) string {
	last := ""
	if m.LastAt.Known() {
		last = ", the last received at " + m.LastAt.String()
	}
	return fmt.Sprintf("%s, %s events%s", byteSize(m.Size), thousands(m.Events()), last)
}

func undescribed(r app.Restored) string {
	if r.Described {
		return fmt.Sprintf(" It is what was written at %s.", r.MadeAt)
	}
	return " No manifest lies beside it, so it was checked by itself only."
}

func byteSize(n int64) string {
	const unit = 1000
	if n < unit*unit {
		return fmt.Sprintf("%.0f kB", float64(n)/unit)
	}
	if n < unit*unit*unit {
		return fmt.Sprintf("%.1f MB", float64(n)/unit/unit)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/unit/unit/unit)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
