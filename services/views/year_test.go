package views

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"tavolo/pkg/bus"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// BenchmarkAYear measures the questions of evaluators on a year that `tavolo generate` recorded: TAVOLO_YEAR names its data folder.
func BenchmarkAYear(b *testing.B) {
	dir := os.Getenv("TAVOLO_YEAR")
	if dir == "" {
		b.Skip("TAVOLO_YEAR names no data folder")
	}
	server, err := bus.Start(bus.Options{StoreDir: dir + "/log"})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Shutdown()
	nc, err := server.Connect(bus.Views)
	if err != nil {
		b.Fatal(err)
	}
	v, err := Start(context.Background(), Options{Conn: nc, Reader: nc, Dir: dir + "/views", Version: "0.0.1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = v.Stop() }()
	ctx := context.Background()
	if _, err := v.ready(ctx, "", 0, true); err != nil {
		b.Fatal(err)
	}
	v.tasks.Wait()
	v.readings.Purge()
	start := time.Now()
	if _, err := v.listFindings(ctx, &apiv1.ListFindingsRequest{}); err != nil {
		b.Fatal(err)
	}
	b.Logf("cold: %s", time.Since(start))
	for name, ask := range map[string]func() error{
		"departments": func() error { _, err := v.listRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{}); return err },
		"page": func() error {
			_, err := v.listRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, Limit: 50})
			return err
		},
		"nation": func() error {
			_, err := v.listRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_NATION})
			return err
		},
		"table3":   func() error { _, err := v.getTable3(ctx, &apiv1.GetTable3Request{}); return err },
		"findings": func() error { _, err := v.listFindings(ctx, &apiv1.ListFindingsRequest{}); return err },
		"figures":  func() error { _, err := v.getFigures(ctx, &apiv1.GetFiguresRequest{Workspace: "dsm-001"}); return err },
		"trends": func() error {
			_, err := v.listTrends(ctx, &apiv1.ListTrendsRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_NATION})
			return err
		},
		"areas": func() error {
			_, err := v.listTrends(ctx, &apiv1.ListTrendsRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
