package views

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// BenchmarkTheRoleLedger reads the ledger of one workspace with 20,000 decisions of 15 people, their rows written straight into the tables.
func BenchmarkTheRoleLedger(b *testing.B) {
	db, err := openDB(b.TempDir(), "dsm")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const decisions, people = 20_000, 15
	err = db.Write(context.Background(), func(tx *sql.Tx) error {
		for n := range decisions {
			if _, err := tx.Exec(`INSERT INTO decision (aggregate, initiative, session, own, item, phase, outcome, closed_at, last_at, due_end, kind, first_seq, posed_at, opened_at, question_commit, summary) VALUES (?, 'csm', ?, ?, 1, ?, 1, ?, ?, 0, 0, ?, 0, 0, '', x'')`,
				n, fmt.Sprintf("csm:s%d", n/3), fmt.Sprint("d", n), int(decision.Closed), n+1, n+1, n); err != nil {
				return err
			}
			for place := range people + 4 {
				who := fmt.Sprint("p", place)
				if place == people {
					who = evidence.Strict
				}
				if _, err := tx.Exec(`INSERT INTO role VALUES (?, ?, ?, 'decisive', 13, 'binding_vote', 'decisive', '5/16', '', 'true', '', '1,2,3')`, n, place, who); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	v := &Views{shelves: map[string]*shelf{"dsm": {db: db}}}
	s := &scene{ListRoleLedgerRequest: &apiv1.ListRoleLedgerRequest{}, who: evidence.Strict}
	s.asOf = s.asOf.AddDate(3000, 0, 0)
	for b.Loop() {
		lines, err := v.ledgerOf(context.Background(), s, department{workspace: "dsm"})
		if err != nil || len(lines) != decisions {
			b.Fatalf("%d lines, %v", len(lines), err)
		}
		if a := evidence.Over("dsm", lines, 0); a.Included != decisions {
			b.Fatalf("%d included", a.Included)
		}
	}
}
