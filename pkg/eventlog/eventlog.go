// Package eventlog keeps the log of each workspace: a JetStream stream in which one message is one commit, the events of one accepted command.
//
//	Append(commit, after) ──► group of concurrent commits ──► LOG_<workspace>, subject log.<workspace>.<aggregate>.<id>
//	Load ──► the commits of one aggregate, gapless versions        Read ──► all commits, gapless sequences
//
// What it promises. An append that returned a sequence is on the disk, once, with these bytes (INV-01). One that returned an error other than
// CodeUnknownOutcome or CodeStorage is not in the log, and those two may be there once, never twice (INV-05). Of several writers that saw the same last commit
// of an aggregate one wins and the others get CodeConflict. Sequences are 1..n without a hole, and a reader that meets a hole, a version out of
// order or an event it does not know stops with an error (INV-02).
//
// A repeated append of the same commit answers the sequence of the first, whether its acknowledgement was lost, the server restarted or the
// deduplication window has passed.
//
// Not here: what a commit means (pkg/domain), who may write (pkg/bus grants it to the ledger alone), projections.
package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Codes of the refusals of this package.
const (
	// CodeConflict: another commit of the aggregate came first. Load again and decide again. Arguments workspace, aggregate (with its id).
	CodeConflict = "eventlog/conflict"
	// CodeIDReused: the log has a commit of this id with other content, at argument sequence. Nothing was appended.
	CodeIDReused = "eventlog/id-reused"
	// CodeMalformed: the commit, or a name in it, cannot be stored. Argument field.
	CodeMalformed = "eventlog/malformed"
	// CodeTooLarge: the commit has more than MaxCommit bytes. Arguments bytes, most.
	CodeTooLarge = "eventlog/too-large"
	// CodeNoWorkspace: there is no log of that name. Argument workspace.
	CodeNoWorkspace = "eventlog/no-workspace"
	// CodeDrift: the stream exists with other settings than the log needs. Arguments workspace, settings.
	CodeDrift = "eventlog/drift"
	// CodeHole: a commit that must be there is not. Arguments workspace, expected, found: sequences; found 0 when nothing follows.
	CodeHole = "eventlog/hole"
	// CodeVersionGap: the versions of an aggregate are not 1, 2, 3 …. Arguments aggregate, id, expected, found.
	CodeVersionGap = "eventlog/version-gap"
	// CodeUnknownEvent: a message is not a commit this program understands whole. Argument why.
	CodeUnknownEvent = "eventlog/unknown-event"
	// CodeStorage: the server is there, but does not store. What its disk holds is known only after a restart. Argument reason.
	CodeStorage = "eventlog/storage"
	// CodeUnknownOutcome: nobody said whether the commit was stored. Appending the same commit again is safe and finds out.
	CodeUnknownOutcome = "eventlog/unknown-outcome"
	// CodeUnavailable: the server cannot be reached. Nothing was appended.
	CodeUnavailable = "eventlog/unavailable"
)

const (
	// MaxCommit is the largest commit in bytes. A commit is one decision of one person; imports are many commits.
	MaxCommit = 1 << 20
	// maxWorkspace and maxID bound the names in a subject, in bytes. An aggregate's id is up to three ids of a minutes file (64 bytes each) with colons.
	maxWorkspace = 64
	maxID        = 256
	// dedupWindow is how long the server itself remembers commit ids. It is a shortcut only, and its memory is read again at each restart.
	dedupWindow = 2 * time.Minute
)

var (
	// ackWait is how long one attempt waits for the server's acknowledgement: many times a sync of a slow disk. A variable for the tests alone.
	ackWait = 5 * time.Second
	// settleWithin is how long an append makes new attempts: long enough for the election of a new leader. A variable for the tests alone.
	settleWithin = 12 * time.Second
)

const (
	// firstPause and longestPause are the waits between attempts; each is twice the one before.
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
	// readWait is how long a reader waits for the server's next word.
	readWait = 10 * time.Second
)

// Log is the log of all workspaces, as one service sees it. It is safe for concurrent use.
type Log struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	replicas int

	mu      sync.Mutex // guards writers
	writers map[string]*writer
}

// Recorded is a commit in its place in the log.
type Recorded struct {
	// Seq is its sequence in the workspace: 1, 2, 3 ….
	Seq    uint64
	Commit *eventv1.Commit
}

// Option changes how New makes streams.
type Option func(*Log)

// Replicated has Create keep each log on n servers of a cluster (3 is the sensible number; 1 without this option).
func Replicated(n int) Option { return func(l *Log) { l.replicas = n } }

// New gives the log over a connection of the bus. Only the ledger's connection may Create and Append.
func New(nc *nats.Conn, options ...Option) (*Log, error) {
	js, err := jetstream.NewWithAPIPrefix(nc, bus.LogAPI, jetstream.WithPublishAsyncTimeout(ackWait), jetstream.WithPublishAsyncMaxPending(maxPending))
	if err != nil {
		return nil, fmt.Errorf("eventlog: %w", err)
	}
	l := &Log{nc: nc, js: js, replicas: 1, writers: map[string]*writer{}}
	for _, o := range options {
		o(l)
	}
	return l, nil
}

// Stream names the stream of a workspace, for readers with consumers of their own. Its messages are for Decode.
func Stream(workspace string) string { return streamPrefix + workspace }

const streamPrefix = "LOG_"

// config is what a log's stream must be. Everything is said, for drift is judged against it field by field.
func (l *Log) config(workspace string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                 Stream(workspace),
		Subjects:             []string{"log." + workspace + ".>"},
		Retention:            jetstream.LimitsPolicy,
		MaxConsumers:         -1,
		MaxMsgs:              -1,
		MaxBytes:             -1,
		MaxMsgsPerSubject:    -1,
		MaxMsgSize:           -1,
		Discard:              jetstream.DiscardNew,
		Storage:              jetstream.FileStorage,
		Replicas:             l.replicas,
		Duplicates:           dedupWindow,
		DenyDelete:           true,
		DenyPurge:            true,
		AllowDirect:          true,
		AllowAtomicPublish:   true,
		ConsumerLimits:       jetstream.StreamConsumerLimits{},
		AllowRollup:          false,
		DiscardNewPerSubject: false,
	}
}

// Create makes the log of a workspace. When it exists with exactly the right settings that is ok; with others it is refused (CodeDrift) and left as
// it is, for changing a log's stream is a person's decision. Calling it for every workspace at start is the check of the settings.
func (l *Log) Create(ctx context.Context, workspace string) error {
	if !isName(workspace, maxWorkspace, "") {
		return malformed("workspace")
	}
	want := l.config(workspace)
	stream, err := l.js.CreateStream(ctx, want)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		stream, err = l.js.Stream(ctx, want.Name)
	}
	if err != nil {
		return l.cannot(workspace, err)
	}
	if different := differences(want, stream.CachedInfo().Config); len(different) > 0 {
		return fmt.Errorf("%w: the stream %s was not made by this program or was changed; put the settings back, or restore it under its own name",
			decider.Refuse(CodeDrift, "workspace", workspace, "settings", strings.Join(different, ",")), want.Name)
	}
	return nil
}

// differences names the settings in which two streams differ, as JetStream spells them, sorted. What the server notes about itself is no setting.
func differences(want, got jetstream.StreamConfig) []string {
	got.Metadata = map[string]string{}
	w, g := settings(want), settings(got)
	var names []string
	for name := range w {
		if string(w[name]) != string(g[name]) {
			names = append(names, name)
		}
	}
	for name := range g {
		if _, ok := w[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func settings(c jetstream.StreamConfig) (s map[string]json.RawMessage) {
	c.Metadata = nil
	b, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		panic("eventlog: a stream configuration that is not JSON: " + err.Error()) // cannot happen: it came as JSON or is a literal
	}
	return s
}

// Workspaces names the workspaces that have a log, sorted.
func (l *Log) Workspaces(ctx context.Context) ([]string, error) {
	lister := l.js.StreamNames(ctx, jetstream.WithStreamListSubject("log.>"))
	var names []string
	for name := range lister.Name() {
		if workspace, ok := strings.CutPrefix(name, streamPrefix); ok {
			names = append(names, workspace)
		}
	}
	if err := lister.Err(); err != nil {
		return nil, l.cannot("", err)
	}
	slices.Sort(names)
	return names, nil
}

// Last gives the sequence of the last commit of a workspace, 0 for none. A log that the server itself knows to have a hole is refused (CodeHole);
// only Read finds the holes that it does not know.
func (l *Log) Last(ctx context.Context, workspace string) (uint64, error) {
	if !isName(workspace, maxWorkspace, "") {
		return 0, malformed("workspace")
	}
	stream, err := l.js.Stream(ctx, Stream(workspace))
	if err != nil {
		return 0, l.cannot(workspace, err)
	}
	state := stream.CachedInfo().State
	if state.FirstSeq > 1 {
		return 0, hole(workspace, 1, state.FirstSeq)
	}
	if state.Msgs != state.LastSeq {
		return 0, hole(workspace, state.Msgs, state.LastSeq)
	}
	return state.LastSeq, nil
}

// cannot turns what the API said into a refusal.
func (l *Log) cannot(workspace string, err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return decider.Refuse(CodeNoWorkspace, "workspace", workspace)
	case errors.As(err, &api):
		return storage(err, "nats-"+strconv.Itoa(int(api.ErrorCode)))
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, nats.ErrConnectionClosed),
		errors.Is(err, nats.ErrReconnectBufExceeded):
		return fmt.Errorf("%w: %w", decider.Refuse(CodeUnavailable, "workspace", workspace), err)
	default:
		return fmt.Errorf("eventlog: %s: %w", workspace, err)
	}
}

func storage(err error, reason string) error {
	return fmt.Errorf("%w: the server does not store: look at its log and at the disk, then restart it: %w", decider.Refuse(CodeStorage, "reason", reason), err)
}

func hole(workspace string, expected, found uint64) error {
	return fmt.Errorf("%w: the log is damaged; stop writing to this workspace and restore it from its archive", decider.Refuse(CodeHole,
		"workspace", workspace, "expected", strconv.FormatUint(expected, 10), "found", strconv.FormatUint(found, 10)))
}
