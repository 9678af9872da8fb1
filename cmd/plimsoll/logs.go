package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// logging are the flags of what a server logs.
type logging struct{ format, level string }

func (l *logging) flags(c *cobra.Command) {
	or := func(name, fallback string) string {
		if v := os.Getenv("PLIMSOLL_" + name); v != "" {
			return v
		}
		return fallback
	}
	c.Flags().StringVar(&l.format, "log-format", or("LOG_FORMAT", "text"), "text or json (PLIMSOLL_LOG_FORMAT)")
	c.Flags().StringVar(&l.level, "log-level", or("LOG_LEVEL", "info"), "debug (a line for each request), info, warn or error (PLIMSOLL_LOG_LEVEL)")
}

func (l *logging) logger(c *cobra.Command) (*slog.Logger, error) {
	return app.NewLogger(c.ErrOrStderr(), l.format, l.level)
}
