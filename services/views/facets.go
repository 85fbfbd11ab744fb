package views

import (
	"context"
	"database/sql"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
)

// This chapter keeps what decisions are grouped by, beside the decisions: a list of a year must not fold every session to learn its kind.

// writeFacet writes the line of an initiative or a session; other aggregates have none.
func writeFacet(ctx context.Context, tx *sql.Tx, id int64, a *aggregate.Aggregate) error {
	home, _ := a.InitiativeKey()
	var scope, area, stage, kind int32
	var openedAt int64
	var strict, broad bool
	switch a.Kind {
	case aggregate.Initiative:
		scope, area, stage = int32(a.Initiative.Scope), int32(a.Initiative.Area), int32(a.Initiative.Stage)
	case aggregate.Session:
		kind, openedAt = int32(a.Session.Kind), unixMilli(a.Session.OpenedAt)
		for _, seat := range a.Session.Seats {
			strict = strict || evidence.InView(evidence.Strict, seat.Capacity)
			broad = broad || evidence.InView(evidence.Broad, seat.Capacity)
		}
	default:
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO facet (aggregate, key, initiative, scope, area, stage, kind, opened_at, strict, broad) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, a.ID, home.ID, scope, area, stage, kind, openedAt, strict, broad)
	return err
}
