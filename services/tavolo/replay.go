package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tavolo/pkg/bus"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/views"
)

// replayCmd folds the whole log again and compares.
type replayCmd struct {
	Data string `help:"Data folder of a stopped Tavolo." default:"./tavolo-data" type:"path"`
}

func (c *replayCmd) Run(ctx context.Context, t *terminal) error {
	if _, err := os.Stat(c.Data); err != nil {
		return refused{fmt.Sprintf("tavolo: there is nothing in %s. Name the data folder with --data DIR.", c.Data)}
	}
	h, err := openHouse(ctx, plan{Dir: c.Data, Services: inside, Logger: quiet(t.err)})
	if err != nil {
		return err
	}
	nc, err := h.dial(bus.Operator)
	var report views.ReplayReport
	if err == nil { // the views in use have read everything first; the answer to this question is small however long the record is
		_, err = natsAsker{nc}.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_NATION, Period: &apiv1.EvidencePeriod{CaughtUp: true}})
	}
	if err == nil {
		report, err = views.Replay(ctx, nc, filepath.Join(c.Data, "views"))
	}
	if err = errors.Join(err, h.close()); err != nil {
		return err
	}
	for _, w := range report.Workspaces {
		_, _ = fmt.Fprintf(t.out, "%s: %d commits, no hole\n", w.Workspace, w.Commits)
	}
	if !report.Equal {
		return fmt.Errorf("the views differ from a fresh replay of the log, first at: %s. Delete the folder views and start again: they are rebuilt", report.Difference)
	}
	_, err = fmt.Fprintf(t.out, "Replayed %d commits: the views equal a fresh replay, byte for byte.\n", report.Commits)
	return err
}
