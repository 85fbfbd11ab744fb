// Package views folds the log into the tables that people read and answers every question about them, each answer citing its evidence.
//
//	log ──► projection (batches, one transaction each) ──► SQLite ──► query.<question>
//	                                                   └─► changed.<workspace>.<initiative>  (whoever looks is told)
//
// record.go is the projector; roles.go and why.go answer about roles, show.go shows initiatives and decisions, meeting.go sessions, floor.go who speaks,
// minutes.go writes minutes files; ledger.go and evaluate.go answer evaluators, past.go as the record stood earlier. Views never write events and never keep a name or a text in clear: people opens what an answer shows.
//
// Not here: who may ask (gateway), the rules (pkg/domain/role).
package views

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/territory"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
	"tavolo/pkg/sqlite"
)

//go:embed schema.sql
var schema string

// patience is how long a question waits for the views to have read what it asks for.
const patience = 10 * time.Second

// lookout is how often the views look for workspaces that appeared meanwhile; a question about an unknown one looks at once.
const lookout = 2 * time.Second

// Options of the views.
type Options struct {
	// Conn is where questions come in; Reader is the connection that reads the log.
	Conn, Reader *nats.Conn
	// Dir holds one database a workspace. It can be deleted: it is rebuilt from the log.
	Dir string
	// Clock says what time it is. Nil: the system's clock.
	Clock   func() time.Time
	Version string
	// Partitions of macro areas. Nil: those that come with the program.
	Partitions territory.Partitions
	Logger     *slog.Logger
}

// Views is the running service.
type Views struct {
	conn   *nats.Conn
	reader *nats.Conn
	log    *eventlog.Log
	dir    string
	clock  func() time.Time
	logger *slog.Logger
	stop   func()
	ctx    context.Context // ends with Stop
	end    context.CancelFunc

	partitions territory.Partitions

	readings *lru.Cache[whenever, kept]
	judged   *lru.Cache[judging, judgedLine]
	tasks    sync.WaitGroup // what reads on its own
	asked    attendance

	mu      sync.RWMutex // guards shelves
	shelves map[string]*shelf
}

// shelf is what is kept of one workspace: a database of its own, so that a workspace is moved, rebuilt or removed without the others.
type shelf struct {
	db        *sqlite.DB
	runner    *projection.Runner
	projector *projector
	folds     *lru.Cache[int64, *aggregate.Aggregate] // folds.go
}

// Start projects every workspace and answers questions until Stop.
func Start(ctx context.Context, o Options) (*Views, error) {
	log, err := eventlog.New(o.Reader)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	v := &Views{conn: o.Conn, reader: o.Reader, log: log, dir: o.Dir, clock: o.Clock, logger: o.Logger, readings: newReadings(), judged: newJudged(), partitions: o.Partitions, shelves: map[string]*shelf{}}
	if v.partitions == nil {
		v.partitions, _ = territory.With() // nothing to add, nothing to refuse
	}
	v.ctx, v.end = context.WithCancel(context.WithoutCancel(ctx))
	if v.clock == nil {
		v.clock = time.Now
	}
	if err := v.begin(ctx); err != nil {
		return nil, errors.Join(err, v.close())
	}
	if v.stop, err = bus.Serve(o.Conn, bus.Views, o.Version, v.attended(v.questions())); err != nil {
		return nil, errors.Join(err, v.close())
	}
	go v.lookOut()
	v.tasks.Go(v.warm)
	return v, nil
}

// foldVersion goes up when the same log gives other rows in the same tables: files written before are then built anew, as with another schema.
const foldVersion = 2

func openDB(dir, ws string) (*sqlite.DB, error) {
	return sqlite.Open(filepath.Join(dir, ws+".db"), sqlite.Options{Schema: schema + "CREATE VIEW fold AS SELECT " + strconv.Itoa(foldVersion) + " AS version;\n"})
}

// openAnyway opens the database of a workspace. One that another version of the program wrote, or that is damaged, is removed: everything in it is in
// the log, and is read from there again.
func (v *Views) openAnyway(ws string) (*sqlite.DB, error) {
	db, err := openDB(v.dir, ws)
	switch code := decider.CodeOf(err); code {
	case "sqlite/other-schema", "sqlite/damaged":
		v.logger.Warn("views: the tables of a workspace are built anew from its log", "workspace", ws, "because", code)
	default:
		return db, err
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(v.dir, ws+".db"+end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return openDB(v.dir, ws)
}

// announce tells whoever is looking which initiatives changed. It runs after each transaction, before the next one begins.
func (v *Views) announce(ws string, p *projector, upTo uint64) {
	for _, initiative := range p.touched {
		if err := v.conn.Publish("changed."+ws+"."+initiative, strconv.AppendUint(nil, upTo, 10)); err != nil {
			v.logger.Warn("views: a change could not be announced", "workspace", ws, "error", err)
		}
	}
}

// Stop stops answering and projecting and closes the tables.
func (v *Views) Stop() error {
	v.stop()
	return v.close()
}

func (v *Views) close() error {
	v.end()
	v.tasks.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	var all error
	for _, s := range v.shelves {
		s.runner.Stop()
		all = errors.Join(all, s.db.Close())
	}
	clear(v.shelves)
	return all
}

func (v *Views) lookOut() {
	tick := time.NewTicker(lookout)
	defer tick.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(v.ctx, patience)
			if _, err := v.follow(ctx); err != nil && v.ctx.Err() == nil {
				v.logger.Warn("views: cannot look for new workspaces", "error", err)
			}
			cancel()
		}
	}
}

// patienceBehind is how long a start waits for a workspace that is behind before it goes on to the next one.
const patienceBehind = time.Minute

// begin begins projecting, at a start. Workspaces that are behind, all of them after an upgrade, are read as many at a time as there are processors: each of those
// under way holds batches and folds, and more of them are not faster.
func (v *Views) begin(ctx context.Context) error {
	workspaces, err := v.log.Workspaces(ctx)
	if err != nil {
		return err
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, ws := range workspaces {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		s, err := v.shelve(ws)
		if err != nil {
			return err
		}
		v.mu.Lock()
		v.shelves[ws] = s
		v.mu.Unlock()
		v.tasks.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(v.ctx, patienceBehind)
			defer cancel()
			last, err := v.log.Last(ctx, ws)
			if err == nil {
				err = s.runner.Wait(ctx, ws, last)
			}
			if err == nil { // a view that stopped has said so itself
				s.projector.rest(foldsIdle)
			}
		})
	}
	return nil
}

// follow begins projecting every workspace that has a log, and names them all.
func (v *Views) follow(ctx context.Context) ([]string, error) {
	workspaces, err := v.log.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	v.mu.RLock()
	known := len(v.shelves) == len(workspaces)
	v.mu.RUnlock()
	if known { // logs are never removed
		return workspaces, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, ws := range workspaces {
		if v.shelves[ws] != nil || v.ctx.Err() != nil {
			continue
		}
		s, err := v.shelve(ws)
		if err != nil {
			return nil, err
		}
		v.shelves[ws] = s
	}
	return workspaces, nil
}

func (v *Views) shelve(ws string) (*shelf, error) {
	db, err := v.openAnyway(ws)
	if err != nil {
		return nil, err
	}
	kept, err := lru.New[int64, *aggregate.Aggregate](keptMax)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &shelf{db: db, projector: newProjector(), folds: kept}
	view := viewOf(s.projector)
	view.After = func(ws string, upTo uint64) { v.announce(ws, s.projector, upTo) }
	if s.runner, err = projection.Start(v.ctx, v.reader, v.log, db, view, v.logger); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := s.runner.Follow(ws); err != nil {
		s.runner.Stop()
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func viewOf(p *projector) projection.View { return projection.View{Name: "record", Apply: p.apply} }

// read gives the readers of a workspace's database. Only workspaces that ready has named are asked for.
func (v *Views) read(ws string) *sql.DB {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.shelves[ws].db.Read()
}

// runner gives what projects a workspace, nil when nothing does yet.
func (v *Views) runner(ws string) *projection.Runner {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if s := v.shelves[ws]; s != nil {
		return s.runner
	}
	return nil
}

// ready waits until the views have read what a question asks for, and gives the workspaces it is about.
func (v *Views) ready(ctx context.Context, ws string, atLeast uint64, caughtUp bool) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	workspaces := []string{ws}
	var err error
	if ws == "" || v.runner(ws) == nil {
		if workspaces, err = v.follow(ctx); err != nil {
			return nil, err
		}
		if ws != "" && !slices.Contains(workspaces, ws) {
			return nil, decider.Refuse("workspace/unknown", "workspace", ws)
		}
		if ws != "" {
			workspaces = []string{ws}
		}
	}
	for _, w := range workspaces {
		until := atLeast
		if caughtUp {
			if until, err = v.log.Last(ctx, w); err != nil {
				return nil, err
			}
		}
		if err := v.runner(w).Wait(ctx, w, until); err != nil {
			return nil, err
		}
	}
	return workspaces, nil
}

// readyIn is ready for a question about one workspace, which has to be named.
func (v *Views) readyIn(ctx context.Context, ws string, atLeast uint64, caughtUp bool) error {
	if ws == "" {
		return decider.Refuse("workspace/unknown", "workspace", ws)
	}
	_, err := v.ready(ctx, ws, atLeast, caughtUp)
	return err
}

// questions are the endpoints, by subject.
func (v *Views) questions() map[string]bus.Handler {
	return map[string]bus.Handler{
		"query.list_roles":         question(v.listRoles),
		"query.summarise_roles":    question(v.summariseRoles),
		"query.why":                question(v.why),
		"query.power":              question(v.power),
		"query.list_workspaces":    question(v.listWorkspaces),
		"query.get_initiative":     question(v.getInitiative),
		"query.get_tutoring":       question(v.getTutoring),
		"query.get_session":        question(v.getSession),
		"query.get_decision":       question(v.getDecision),
		"query.list_contributions": question(v.listContributions),
		"query.get_own_ballots":    question(v.getOwnBallots),
		"query.export_minutes":     question(v.exportMinutes),
		"query.recorded":           question(v.recorded),
		"query.feed_entries":       question(v.feedEntries),

		"query.list_role_ledger": question(v.listRoleLedger),
		"query.get_table3":       question(v.getTable3),
		"query.list_findings":    question(v.listFindings),
		"query.get_figures":      question(v.getFigures),
		"query.list_trends":      question(v.listTrends),
		"query.get_signals":      question(v.getSignals),
	}
}

// attended counts the questions while they are answered.
func (v *Views) attended(questions map[string]bus.Handler) map[string]bus.Handler {
	for subject, answer := range questions {
		questions[subject] = v.asked.during(answer)
	}
	return questions
}

// message is a pointer to a generated message.
type messageOf[T any] interface {
	*T
	proto.Message
}

// question turns an answer over messages into a handler over bytes.
func question[Q, A any, QP messageOf[Q], AP messageOf[A]](answer func(context.Context, QP) (AP, error)) bus.Handler {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		q := QP(new(Q))
		if err := proto.Unmarshal(data, q); err != nil {
			return nil, decider.Refuse("query/unreadable")
		}
		a, err := answer(ctx, q)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(a)
	}
}

// sequence is how far the views have read a workspace.
func (v *Views) sequence(ws string) uint64 {
	seq, _ := v.runner(ws).Position(ws)
	return seq
}
