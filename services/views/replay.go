package views

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
)

// ReplayReport says whether the views in use equal a fresh replay of the log.
type ReplayReport struct {
	Workspaces []ReplayedWorkspace
	Commits    uint64
	Equal      bool
	// Difference is the first line that differs, without its contents: only which table and row.
	Difference string
}

// ReplayedWorkspace is one workspace's part of it.
type ReplayedWorkspace struct {
	Workspace string
	Commits   uint64
}

// Replay folds every log from its beginning into new tables and compares them with those in dir, byte for byte (INV-21). The views may be
// running; they must have read everything that is in the log.
func Replay(ctx context.Context, nc *nats.Conn, dir string) (ReplayReport, error) {
	var report ReplayReport
	log, err := eventlog.New(nc)
	if err != nil {
		return report, err
	}
	temp, err := os.MkdirTemp("", "tavolo-replay-")
	if err != nil {
		return report, err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	workspaces, err := log.Workspaces(ctx)
	if err != nil {
		return report, err
	}
	report.Equal = true
	for _, ws := range workspaces {
		last, err := log.Last(ctx, ws)
		if err != nil {
			return report, err
		}
		difference, err := replayOne(ctx, nc, log, ws, dir, temp)
		if err != nil {
			return report, err
		}
		if difference != "" && report.Equal {
			report.Equal, report.Difference = false, ws+", "+difference
		}
		report.Workspaces = append(report.Workspaces, ReplayedWorkspace{ws, last})
		report.Commits += last
	}
	return report, nil
}

// replayOne says where the views of a workspace differ from a fresh replay, empty when they are equal.
func replayOne(ctx context.Context, nc *nats.Conn, log *eventlog.Log, ws, dir, temp string) (string, error) {
	fresh, err := openDB(temp, ws)
	if err != nil {
		return "", err
	}
	defer func() { _ = fresh.Close() }()
	if err := projection.Rebuild(ctx, nc, log, ws, fresh, viewOf(newProjector())); err != nil {
		return "", err
	}
	live, err := openDB(dir, ws)
	if err != nil {
		return "", err
	}
	defer func() { _ = live.Close() }()
	var a, b bytes.Buffer
	if err := errors.Join(live.Dump(&a), fresh.Dump(&b)); err != nil {
		return "", err
	}
	return firstDifference(a.Bytes(), b.Bytes()), nil
}

func firstDifference(a, b []byte) string {
	x, y := bufio.NewScanner(bytes.NewReader(a)), bufio.NewScanner(bytes.NewReader(b))
	const lineMax = 64 << 20
	x.Buffer(nil, lineMax)
	y.Buffer(nil, lineMax)
	for n := 1; ; n++ {
		more, other := x.Scan(), y.Scan()
		if !more && !other {
			return ""
		}
		if more != other || x.Text() != y.Text() {
			return fmt.Sprintf("line %d of the dump", n)
		}
	}
}

// Rebuild folds a workspace's log into new tables in dir, which must be empty, and says how many commits there were.
func Rebuild(ctx context.Context, nc *nats.Conn, dir, ws string) (uint64, error) {
	log, err := eventlog.New(nc)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	db, err := openDB(dir, ws)
	if err != nil {
		return 0, err
	}
	n, err := log.Last(ctx, ws)
	if err == nil {
		err = projection.Rebuild(ctx, nc, log, ws, db, viewOf(newProjector()))
	}
	return n, errors.Join(err, db.Close())
}
