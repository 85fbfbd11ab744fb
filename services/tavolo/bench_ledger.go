package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/export"
	"tavolo/pkg/sample"
	"tavolo/pkg/sqlite"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter measures what evaluators wait for: the role ledger of a large department, and the export of a year.

const (
	ledgerDecisions   = 1_000_000
	ledgerInitiatives = 20
	ledgerQuestions   = 200 // per round
	exportDecisions   = 600
	exportDepartments = 6
)

// benchLedger measures the role ledger at a million decisions. Recording a million would take hours, so their rows are written straight into the tables of
// the views; the questions come over the bus like anybody's.
func benchLedger(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	p := plan{Dir: filepath.Join(dir, "ledger"), Services: inside, Temporary: true, Logger: quiet(progress)}
	h, err := openHouse(ctx, p)
	if err != nil {
		return nil, err
	}
	nc, err := h.dial(bus.Operator)
	if err == nil {
		err = foundInitiatives(ctx, nc)
	}
	if err == nil {
		err = fillLedger(ctx, filepath.Join(p.Dir, "views", "bench.db"))
	}
	var figures []figure
	if err == nil {
		figures, err = measureLedger(ctx, nc, rounds)
	}
	if err = errors.Join(err, h.close()); err != nil {
		return nil, err
	}
	_ = os.RemoveAll(p.Dir)
	year, err := benchExport(ctx, filepath.Join(dir, "year"), rounds, progress)
	return append(figures, year...), err
}

func foundInitiatives(ctx context.Context, nc *nats.Conn) error {
	batch := &commandv1.CommandBatch{Commands: []*commandv1.Command{{Of: &commandv1.Command_FoundWorkspace{FoundWorkspace: &commandv1.FoundWorkspace{Workspace: "bench"}}}}}
	for n := range ledgerInitiatives {
		batch.Commands = append(batch.Commands, &commandv1.Command{Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: "bench", Initiative: fmt.Sprintf("i%02d", n), Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING}}})
	}
	for _, c := range batch.Commands {
		c.Id = uuid.Must(uuid.NewV7()).String()
	}
	if err := bus.Request(ctx, nc, "cmd.bench", batch, &commandv1.Receipt{}); err != nil {
		return err
	}
	_, err := natsAsker{nc}.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: "bench", Period: &apiv1.EvidencePeriod{CaughtUp: true}})
	return err
}

// fillLedger writes a million closed decisions of ten years, with the role of the users in each.
func fillLedger(ctx context.Context, name string) (err error) {
	db, err := sqlite.Open(name, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	kinds := []struct{ role, reason string }{{"decisive", "binding_vote"}, {"consultative", "advice_given"}, {"consultative", "needs_ratification"}, {"none", "informed_only"}, {"none", "not_invited"}, {"other", "no_decision"}}
	begin := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	const apart, first, chunk = 10 * 365 * 24 * 3600 * 1000 / ledgerDecisions, 1_000, 50_000
	r := rand.New(rand.NewPCG(1, 1))
	for from := 0; from < ledgerDecisions; from += chunk {
		err := db.Write(ctx, func(tx *sql.Tx) error {
			var statements []*sql.Stmt
			for _, query := range []string{
				`INSERT INTO aggregate (id, kind, key) VALUES (?, 'decision', ?)`,
				`INSERT INTO decision (aggregate, initiative, session, own, item, phase, outcome, closed_at, last_at, due_end, kind, first_seq, posed_at, opened_at, question_commit, summary) VALUES (?, ?, ?, 'd', 1, 4, 1, ?, ?, 0, 1, ?, 0, 0, '', x'')`,
				`INSERT INTO ledger (who, closed_at, decision, initiative, kind, role, reason) VALUES ('` + evidence.Strict + `', ?, ?, ?, 1, ?, ?)`,
			} {
				s, err := tx.PrepareContext(ctx, query)
				if err != nil {
					return err
				}
				defer func() { _ = s.Close() }()
				statements = append(statements, s)
			}
			for n := from; n < from+chunk; n++ {
				id, at, k := first+n, begin+int64(n)*apart, kinds[r.IntN(len(kinds))]
				initiative := fmt.Sprintf("i%02d", n%ledgerInitiatives)
				session := fmt.Sprintf("%s:s%d", initiative, n)
				for i, args := range [][]any{{id, session + ":d"}, {id, initiative, session, at, at, id}, {at, id, initiative, k.role, k.reason}} {
					if _, err := statements[i].ExecContext(ctx, args...); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tally SELECT who, initiative, strftime('%Y', closed_at / 1000, 'unixepoch') * 12 + strftime('%m', closed_at / 1000, 'unixepoch') - 1, kind, role, reason, count(*) FROM (SELECT * FROM ledger UNION ALL SELECT who, closed_at, decision, '', kind, role, reason FROM ledger) GROUP BY 1, 2, 3, 4, 5, 6`)
		return err
	})
}

func measureLedger(ctx context.Context, nc *nats.Conn, rounds int) ([]figure, error) {
	ask, r := natsAsker{nc}, rand.New(rand.NewPCG(2, 2))
	questions := []struct {
		what string
		ask  func() error
	}{
		{"role ledger at 1,000,000 decisions: median role of the department", func() error {
			a, err := ask.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: "bench"})
			if err == nil && a.Decisions != ledgerDecisions {
				return fmt.Errorf("the ledger counts %d decisions, not %d", a.Decisions, ledgerDecisions)
			}
			return err
		}},
		{"role ledger at 1,000,000 decisions: a page of 50, anywhere", func() error {
			a, err := ask.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: "bench", Level: apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, Limit: 50, Skip: uint32(r.IntN(ledgerDecisions - 50))})
			if err == nil && len(a.Rows) != 50 {
				return fmt.Errorf("the page has %d rows", len(a.Rows))
			}
			return err
		}},
	}
	var figures []figure
	for _, q := range questions {
		var floor, ours []float64
		for range rounds {
			var plain, took []float64
			for range ledgerQuestions {
				start := time.Now()
				// The answer is a refusal, and that is on purpose: it is what a question costs that finds one row.
				_ = bus.Request(ctx, nc, "query.get_initiative", &apiv1.GetInitiativeRequest{Workspace: "bench", Initiative: "missing"}, &apiv1.InitiativeView{})
				plain = append(plain, milliseconds(start))
				start = time.Now()
				if err := q.ask(); err != nil {
					return nil, err
				}
				took = append(took, milliseconds(start))
			}
			floor, ours = append(floor, percentile(plain, 0.99)), append(ours, percentile(took, 0.99))
		}
		figures = append(figures, pair(q.what+", p99", "ms", "< 20 ms", "floor: a question over the bus that looks up one row; the decisions were written into the tables, not recorded", floor, ours))
	}
	return figures, nil
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Nanoseconds()) / 1e6 }

// benchExport measures the data package of an invented year, asked for and written, against writing the same bytes.
func benchExport(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	d, err := houseDesk(ctx, plan{Dir: dir, Services: inside, Temporary: true, Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureExport(ctx, d, dir, rounds, progress)
	return figures, errors.Join(err, d.close())
}

func measureExport(ctx context.Context, d *desk, dir string, rounds int, progress io.Writer) ([]figure, error) {
	y := sample.Year{Departments: exportDepartments, Decisions: exportDecisions, Seed: 1, Calendar: 2025, Roles: sample.Survey}
	if _, err := recordYear(ctx, d.ask.(natsAsker).nc, y, &terminal{io.Discard, progress}); err != nil {
		return nil, err
	}
	var floor, ours []float64
	for range rounds {
		var file bytes.Buffer
		start := time.Now()
		e, err := (&span{Who: evidence.Strict}).evaluation(ctx, d)
		if err != nil {
			return nil, err
		}
		if err := export.WritePackage(&file, e.Document(), export.English); err != nil {
			return nil, err
		}
		name := filepath.Join(dir, "export.zip")
		if err := writeSynced(name, file.Bytes()); err != nil {
			return nil, err
		}
		ours = append(ours, milliseconds(start))
		start = time.Now()
		if err := writeSynced(name, file.Bytes()); err != nil {
			return nil, err
		}
		floor = append(floor, milliseconds(start))
	}
	return []figure{pair(fmt.Sprintf("export of a year as a data package, %d decisions of %d departments", exportDecisions, exportDepartments), "ms", "-", "floor: writing and syncing the same bytes", floor, ours)}, nil
}

func writeSynced(name string, data []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
