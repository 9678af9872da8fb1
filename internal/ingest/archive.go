package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// ownTypes are the acts of Plimsoll's own, which only their doors write, and an
// archive of a log that they were written to.
var ownTypes = []plimsoll.Type{plimsoll.TypeConfiguration, plimsoll.TypeTarget, plimsoll.TypeConfirmation, plimsoll.TypeVerdict}

var reportTypes = []plimsoll.Type{
	plimsoll.TypeDeployment, plimsoll.TypeChange, plimsoll.TypePullRequest, plimsoll.TypeIncident, plimsoll.TypeAnalysis,
	plimsoll.TypeFlag, plimsoll.TypeService,
}

// OwnAct reports whether events of a type are acts of our own.
func OwnAct(typ plimsoll.Type) bool { return slices.Contains(ownTypes, typ) }

// Take appends events of another store's log, and returns when they are
// durable. They were checked when they came in there: what is looked at here is
// that they are whole and that this program knows them. Acts of our own are
// taken like any other, so this door is for whoever holds the data itself.
func (d *Door) Take(ctx context.Context, t store.Taken) (store.Receipt, error) {
	now := plimsoll.TimeOf(d.now())
	for i := range t.Events {
		if err := checkTaken(&t.Events[i], now, t.Recorded); err != nil {
			return store.Receipt{}, err.At(i)
		}
	}
	return d.org.Take(ctx, t)
}

func checkTaken(e *plimsoll.Record, now plimsoll.Time, recorded bool) *plimsoll.Error {
	switch {
	case !OwnAct(e.Type) && !slices.Contains(reportTypes, e.Type):
		return plimsoll.FieldErrorf("type", "%q is unknown; the export was written by a newer plimsoll, or by something else", e.Type)
	case e.SchemaVersion < 1 || e.SchemaVersion > plimsoll.SchemaVersion:
		return plimsoll.FieldErrorf("log.schema", "%d; this program knows 1 to %d, so import it with the program that wrote it or a newer one", e.SchemaVersion, plimsoll.SchemaVersion)
	case e.Subject == "" || e.Source == "":
		return plimsoll.FieldErrorf("log.subject", "missing; an event is about something, and has a source")
	case !e.OccurredAt.Known() || e.OccurredAt > now.Add(ahead):
		return plimsoll.FieldErrorf("occurred_at", "%s; expected a time up to now, %s", e.OccurredAt, now)
	case recorded && (!e.RecordedAt.Known() || e.RecordedAt > now.Add(ahead)):
		return plimsoll.FieldErrorf("log.recorded_at", "%s; expected a time up to now, %s", e.RecordedAt, now)
	case e.Index < 0:
		return plimsoll.FieldErrorf("log.index", "%d; expected a place in a delivery, from 0", e.Index)
	case !json.Valid(e.Body) || !bytes.HasPrefix(e.Body, []byte("{")):
		return plimsoll.Errorf(plimsoll.CodeInvalid, "what follows log is no complete JSON object")
	case !store.Intact(&e.Event):
		return plimsoll.FieldErrorf("log.hash", "the event is not what its hash says: the line was changed after the export; to send other content, send it as a new event without log")
	}
	return nil
}
