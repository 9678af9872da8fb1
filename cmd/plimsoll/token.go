package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
)

func tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "token",
		Short:   "Make, list, rotate and revoke tokens of the API",
		Example: "  plimsoll token create --name ci-checkout --role deployer --expires 90d",
	}
	c.AddCommand(tokenCreateCommand(), tokenListCommand(), tokenRevokeCommand(), tokenRotateCommand())
	return c
}

// tokenVerb are the flags of a verb that works on tokens.
type tokenVerb struct {
	to     target
	format string
}

func (v *tokenVerb) flags(c *cobra.Command) {
	c.Flags().SortFlags = false
	c.Flags().StringVar(&v.format, "format", "table", "table or json")
	v.to.flags(c)
}

// do runs fn on the target.
func (v *tokenVerb) do(ctx context.Context, write bool, fn func(*client.Client) error) (err error) {
	if v.format != "table" && v.format != "json" {
		return plimsoll.FieldErrorf("--format", "%q; expected table or json", v.format)
	}
	server, done, err := v.to.open(ctx, write)
	if err != nil {
		return err
	}
	defer func() {
		if doneErr := done(); err == nil {
			err = doneErr
		}
	}()
	if err := fn(server); err != nil {
		return alone(err)
	}
	return nil
}

func tokenCreateCommand() *cobra.Command {
	var v tokenVerb
	var w client.TokenWish
	c := &cobra.Command{
		Use:   "create",
		Short: "Make a token, and print it this once",
		Long: "Make a token, and print it this once: only what recognises it is kept. The token alone goes to the standard output,\n" +
			"so that a script can catch it.",
		Example: "  plimsoll token create --name ci-checkout --role deployer --ingest-only --expires 90d\n" +
			"  plimsoll token create --name \"Ada Lovelace\" --role release_manager --kind person --team shop",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.do(c.Context(), true, func(s *client.Client) error {
				t, err := s.CreateToken(c.Context(), w)
				if err != nil {
					return err
				}
				return v.printNew(c, t)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&w.Name, "name", "", "who holds it; stands with every act. No two tokens that are good have the same")
	f.StringVar(&w.Role, "role", "", "viewer, deployer, release_manager or admin; each may do what those before it may")
	f.BoolVar(&w.IngestOnly, "ingest-only", false, "may hand in events and nothing else; the role is deployer")
	f.StringVar(&w.Team, "team", "", "acts only for services of this team, and for those of none; all if nothing is said")
	f.StringVar(&w.Kind, "kind", "service", "service or person; only a person says a word on evidence")
	f.StringVar(&w.Expires, "expires", "90d", "when it ends: a span like 90d, a date, a time, or never")
	v.flags(c)
	return c
}

func tokenRotateCommand() *cobra.Command {
	var v tokenVerb
	var overlap string
	c := &cobra.Command{
		Use:     "rotate ID",
		Short:   "Make a token like another, which ends",
		Long:    "Make a token like another, with as long a life, and print it this once. The other one ends at once, or after --overlap.",
		Example: "  plimsoll token rotate k3v7q2wd --overlap 24h",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.do(c.Context(), true, func(s *client.Client) error {
				t, err := s.RotateToken(c.Context(), args[0], overlap)
				if err != nil {
					return err
				}
				return v.printNew(c, t)
			})
		},
	}
	c.Flags().StringVar(&overlap, "overlap", "", "how long the old one stays good, like 24h; not at all if nothing is said")
	v.flags(c)
	return c
}

// printNew prints a token that was made: the token where a script catches it,
// the rest where a person reads it.
func (v *tokenVerb) printNew(c *cobra.Command, t client.Token) error {
	if v.format == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(t)
	}
	if _, err := fmt.Fprintln(c.OutOrStdout(), t.Token); err != nil {
		return err
	}
	until := "never expires"
	if t.ExpiresAt.Known() {
		until = "expires " + moment(t.ExpiresAt)
	}
	_, err := fmt.Fprintf(c.ErrOrStderr(), "This is the only time that it is shown. Its id is %s; %s, %s.\n", t.ID, describeToken(t), until)
	return err
}

func describeToken(t client.Token) string {
	parts := []string{t.Name, string(t.Kind), string(t.Role)}
	if t.IngestOnly {
		parts = append(parts, "events only")
	}
	if t.Team != "" {
		parts = append(parts, "for the team "+t.Team)
	}
	return strings.Join(parts, ", ")
}

func tokenListCommand() *cobra.Command {
	var v tokenVerb
	var all bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens that are good",
		Example: "  plimsoll token list --all",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.do(c.Context(), false, func(s *client.Client) error {
				list, err := s.Tokens(c.Context(), all)
				if err != nil {
					return err
				}
				if v.format == "json" {
					return json.NewEncoder(c.OutOrStdout()).Encode(map[string][]client.Token{"tokens": list})
				}
				t := table{Head: []string{"id", "name", "kind", "role", "team", "created", "by", "expires", "last used", "status"}}
				for _, x := range list {
					t.Rows = append(t.Rows, tokenRow(x))
				}
				return printTable(c.OutOrStdout(), v.format, t)
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "those that have ended, too")
	v.flags(c)
	return c
}

func tokenRow(t client.Token) []string {
	role, team, status := string(t.Role), t.Team, t.Status
	if t.IngestOnly {
		role += ", events only"
	}
	if team == "" {
		team = "all"
	}
	if t.RevokedAt.Known() {
		status += " " + moment(t.RevokedAt) + " by " + t.RevokedBy
	}
	return []string{t.ID, t.Name, string(t.Kind), role, team, moment(t.CreatedAt), t.CreatedBy, moment(t.ExpiresAt), moment(t.LastUsedAt), status}
}

// moment writes a time for a person, in UTC; never if it is unknown.
func moment(t plimsoll.Time) string {
	if !t.Known() {
		return "never"
	}
	return t.Std().Format("2006-01-02 15:04Z")
}

func tokenRevokeCommand() *cobra.Command {
	var v tokenVerb
	c := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a token; every server refuses it within a second",
		Example: "  plimsoll token revoke k3v7q2wd",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.do(c.Context(), true, func(s *client.Client) error {
				t, err := s.RevokeToken(c.Context(), args[0])
				if err != nil {
					return err
				}
				if v.format == "json" {
					return json.NewEncoder(c.OutOrStdout()).Encode(t)
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "revoked %s (%s)\n", t.ID, describeToken(t))
				return err
			})
		},
	}
	v.flags(c)
	return c
}
