package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// stopTimeout bounds how long requests under way may hold up the end.
const stopTimeout = 10 * time.Second

func serveCommand() *cobra.Command {
	var opt app.Options
	var zone, tokenFile, config string
	var check bool
	var memory, minFree int64
	var logs logging
	c := &cobra.Command{
		Use:     "serve",
		Short:   "Run the server",
		Example: "  plimsoll serve --data .plimsoll --listen 127.0.0.1:8080\n  plimsoll serve --database postgres://plimsoll@db.example/plimsoll --token-file token --listen :8080",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if opt.Zone, err = readZone(zone); err != nil {
				return err
			}
			if opt.Token, err = readToken(tokenFile); err != nil {
				return err
			}
			// A server without a file goes back to the defaults; other verbs that
			// open the data leave what was configured.
			read := app.Config{}
			if config != "" {
				if read, err = app.ReadConfig(config); err != nil {
					return err
				}
			}
			opt.Config = &read
			if opt.Database != "" && !c.Flags().Changed("data") && os.Getenv("PLIMSOLL_DATA") == "" {
				opt.Data = ""
			}
			if check {
				_, err := fmt.Fprintln(c.OutOrStdout(), "The configuration is good.")
				return err
			}
			if err := app.LimitMemory(memory); err != nil {
				return err
			}
			if opt.Log, err = logs.logger(c); err != nil {
				return err
			}
			opt.Version, opt.MinFree = version, minFree<<20
			if minFree <= 0 {
				opt.MinFree = -1
			}
			return serve(c, opt)
		},
	}
	env := func(name, fallback string) string {
		if v := os.Getenv("PLIMSOLL_" + name); v != "" {
			return v
		}
		return fallback
	}
	f := c.Flags()
	f.StringVar(&opt.Data, "data", env("DATA", defaultData), "folder of the embedded store (PLIMSOLL_DATA); beside a database, of what can be made again")
	f.StringVar(&opt.Database, "database", env("DATABASE", ""), "postgres://USER@HOST/NAME instead of a folder, for several servers (PLIMSOLL_DATABASE; password in PGPASSWORD)")
	f.StringVar(&opt.Listen, "listen", env("LISTEN", "127.0.0.1:8080"), "address to listen on (PLIMSOLL_LISTEN)")
	f.StringVar(&config, "config", env("CONFIG", ""), "configuration file (PLIMSOLL_CONFIG)")
	f.BoolVar(&check, "check", false, "check the configuration and end")
	f.StringVar(&zone, "zone", env("ZONE", "UTC"), "time zone in which days, weeks and months are cut (PLIMSOLL_ZONE)")
	f.StringVar(&tokenFile, "token-file", "", "file with a token for an admin (or PLIMSOLL_TOKEN); with it every request needs a token")
	f.BoolVar(&opt.TrustProxy, "trust-proxy", false, "what a proxy on this machine forwards needs no token; only if the proxy lets in who may do everything")
	f.Int64Var(&memory, "memory-limit", 512, "memory to stay below if possible, in MiB; 0 for no limit (GOMEMLIMIT goes before it)")
	f.Int64Var(&minFree, "min-free", 256, "free space below which the server says that it is not ready, in MiB; 0 for any")
	f.IntVar(&opt.Limits.Requests, "max-requests", 512, "requests that are answered at once; more are told to come again")
	f.Float64Var(&opt.Limits.ClientRate, "client-rate", 200, "requests a second of one other machine; -1 for no bound")
	f.DurationVar(&opt.Limits.Answer, "answer-timeout", 30*time.Second, "how long a question may take")
	f.StringVar(&opt.Traces, "otlp-endpoint", "", "receiver of traces, like http://127.0.0.1:4318 (or OTEL_EXPORTER_OTLP_ENDPOINT)")
	f.StringVar(&opt.Debug, "debug-listen", env("DEBUG_LISTEN", ""), "address for profiles (pprof), like 127.0.0.1:6060 (PLIMSOLL_DEBUG_LISTEN)")
	f.BoolVar(&opt.Expose, "debug-reachable-by-others", false, "let other machines reach the profiles; there is no token on them")
	logs.flags(c)
	f.StringVar(&opt.ImportSelf, "import-self", "", "show the history of the git clone in this folder as a first example")
	return c
}

func serve(c *cobra.Command, opt app.Options) error {
	ctx := c.Context()
	a, err := app.New(ctx, opt)
	if err != nil {
		return err
	}
	a.Start()
	fmt.Fprintf(c.OutOrStdout(), "Plimsoll is at %s\n", a.URL())
	select {
	case <-ctx.Done():
	case err = <-a.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if stopErr := a.Stop(stopping); err == nil {
		err = stopErr
	}
	return err
}
