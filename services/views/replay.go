package views

import (
	"bufio"
	"bytes"
	"context"
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
	fresh, err := openDB(temp)
	if err != nil {
		return report, err
	}
	defer func() { _ = fresh.Close() }()
	workspaces, err := log.Workspaces(ctx)
	if err != nil {
		return report, err
	}
	v := &Views{db: fresh, projector: newProjector()}
	view := v.view()
	view.After = nil
	for _, ws := range workspaces {
		if err := projection.Rebuild(ctx, log, ws, fresh, view); err != nil {
			return report, err
		}
		last, err := log.Last(ctx, ws)
		if err != nil {
			return report, err
		}
		report.Workspaces = append(report.Workspaces, ReplayedWorkspace{ws, last})
		report.Commits += last
	}
	live, err := openDB(dir)
	if err != nil {
		return report, err
	}
	defer func() { _ = live.Close() }()
	var a, b bytes.Buffer
	if err := live.Dump(&a); err != nil {
		return report, err
	}
	if err := fresh.Dump(&b); err != nil {
		return report, err
	}
	report.Equal, report.Difference = bytes.Equal(a.Bytes(), b.Bytes()), firstDifference(a.Bytes(), b.Bytes())
	return report, nil
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
