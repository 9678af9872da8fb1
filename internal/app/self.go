package app

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/history"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
)

// importSelf shows the history of a clone as a first example: each commit of
// its main line is taken as a deployment. It says on every page that it does.
func (a *App) importSelf(ctx context.Context) {
	g := history.Git{
		Path: a.opt.ImportSelf, Service: "plimsoll", FirstParent: true, Now: a.opt.Now,
		HashAuthor: func(email string) string { return a.door.Pseudonym("author", email) },
	}
	sum, err := g.Run(ctx, func(ctx context.Context, batch []json.RawMessage) error {
		_, err := a.door.Accept(ctx, ingest.Body{Reader: bytes.NewReader(bytes.Join(raw(batch), []byte("\n")))})
		return err
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.opt.Log.Warn("own history not shown", "err", err)
		a.notice("The history of this clone cannot be shown: " + plimsoll.PublicMessage(err))
	default:
		a.opt.Log.Info("own history shown", "commits", sum.Commits, "deployments", sum.Deployments)
		a.notice("This is the git history of the clone the server was started in. Each commit of its main line is taken as a deployment.")
	}
}

func raw(batch []json.RawMessage) [][]byte {
	out := make([][]byte, len(batch))
	for i, b := range batch {
		out[i] = b
	}
	return out
}
