package ledger

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/eventlog"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Refusals of the ledger itself.
var (
	errNotACommand = decider.Refuse("command/unreadable")
	errConflict    = decider.Refuse(eventlog.CodeConflict)
)

// attempts is how often a command is decided again after somebody else wrote first, before whoever asked is told.
const attempts = 5

// batchMax bounds a batch: the commands of a large minutes file. Up to 1,000 commits it is one atomic batch of the log; a longer one is appended a
// thousand at a time, and an import that died between them is completed by importing again.
const batchMax = 20_000

// schema is the version of the event schema written today.
const schema = 1

// Handle decides a batch of commands of one workspace and appends what they make, all or nothing (see batchMax).
func (l *Ledger) Handle(ctx context.Context, batch *commandv1.CommandBatch) (*commandv1.Receipt, error) {
	ws, keys, err := check(batch)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = ws + "/" + string(k.Kind) + "/" + k.ID
	}
	slices.Sort(names)
	defer l.writing.lock(slices.Compact(names))()
	for try := 1; ; try++ {
		receipt, err := l.decideAndAppend(ctx, ws, batch, keys, try == 1)
		// A command that another ledger has accepted already shows as its id in use: read again, and it is answered as the first time.
		again := errors.Is(err, errConflict) || decider.CodeOf(err) == eventlog.CodeIDReused
		if !again || try == attempts {
			return receipt, err
		}
		l.cache.forget(ws, keys)
	}
}

// decideAndAppend decides every command on a trial fold and appends all commits at once. hopeful: an aggregate that a command begins is taken
// for new without looking; the log's guard says so if it is not, and then everything is read.
func (l *Ledger) decideAndAppend(ctx context.Context, ws string, batch *commandv1.CommandBatch, keys []aggregate.Key, hopeful bool) (*commandv1.Receipt, error) {
	trial := map[aggregate.Key]*aggregate.Aggregate{}
	load := func(k aggregate.Key) (*aggregate.Aggregate, error) {
		if a := trial[k]; a != nil {
			return a, nil
		}
		return l.fold(ctx, ws, k)
	}
	now, done, err := l.times.begin(ws, l.clock, func() (time.Time, error) { return l.lastRecorded(ctx, ws) })
	if err != nil {
		return nil, err
	}
	defer done()
	var pending []eventlog.Pending
	receipt := &commandv1.Receipt{}
	for i, cmd := range batch.Commands {
		if hopeful && begins(cmd) && trial[keys[i]] == nil && l.cache.get(ws, keys[i]) == nil {
			l.cache.put(ws, keys[i], aggregate.New(keys[i]))
		}
		a, err := load(keys[i])
		if err != nil {
			return nil, err
		}
		if seq, already := a.Holds(cmd.Id); already {
			receipt.Sequence = max(receipt.Sequence, seq)
			continue
		}
		events, err := aggregate.Decide(a, cmd, load, now)
		if err != nil {
			return nil, at(err, i)
		}
		if len(events) == 0 {
			receipt.Sequence = max(receipt.Sequence, a.Seq)
			continue
		}
		if trial[keys[i]] == nil {
			a = a.Clone()
			trial[keys[i]] = a
		}
		commit := &eventv1.Commit{
			Id: cmd.Id, Aggregate: string(keys[i].Kind), AggregateId: keys[i].ID, Version: a.Version + 1,
			Actor: cmd.Actor, Correlation: cmd.Correlation, Causation: cmd.Causation, Schema: schema, Events: events,
		}
		after := a.Seq
		if err := a.Apply(after, commit); err != nil { // the sequence in the log is not known yet: it stays the one to append after
			return nil, err
		}
		pending = append(pending, eventlog.Pending{Commit: commit, After: after})
	}
	if len(pending) == 0 {
		return receipt, nil
	}
	if batch.Commands[0].GetFoundWorkspace() != nil {
		if err := l.log.Create(ctx, ws); err != nil {
			return nil, err
		}
	}
	for _, p := range pending {
		p.Commit.RecordedAt = timestamppb.New(now)
	}
	last, err := l.append(ctx, ws, pending)
	if err != nil {
		return nil, err
	}
	l.cache.learn(ws, pending, last)
	receipt.Sequence, receipt.Commits = max(receipt.Sequence, last), uint32(len(pending))
	return receipt, nil
}

// begins reports whether a command can only be the first of its aggregate.
func begins(cmd *commandv1.Command) bool {
	switch cmd.Of.(type) {
	case *commandv1.Command_PrepareSession, *commandv1.Command_ProposeItem, *commandv1.Command_PoseDecision:
		return true
	}
	return false
}

func (l *Ledger) append(ctx context.Context, ws string, pending []eventlog.Pending) (uint64, error) {
	if len(pending) == 1 {
		return l.log.Append(ctx, ws, pending[0].Commit, pending[0].After)
	}
	return l.log.AppendAll(ctx, ws, pending)
}

// fold gives the current fold of an aggregate, from the cache or from the log.
func (l *Ledger) fold(ctx context.Context, ws string, k aggregate.Key) (*aggregate.Aggregate, error) {
	if a := l.cache.get(ws, k); a != nil {
		return a, nil
	}
	a := aggregate.New(k)
	commits, err := l.log.Load(ctx, ws, string(k.Kind), k.ID, 0)
	if err != nil && decider.CodeOf(err) != eventlog.CodeNoWorkspace {
		return nil, err
	}
	for _, r := range commits {
		if err := a.Apply(r.Seq, r.Commit); err != nil {
			return nil, err
		}
	}
	l.cache.put(ws, k, a)
	return a, nil
}

// lastRecorded reads when the workspace's last commit was recorded.
func (l *Ledger) lastRecorded(ctx context.Context, ws string) (last time.Time, err error) {
	seq, err := l.log.Last(ctx, ws)
	if decider.CodeOf(err) == eventlog.CodeNoWorkspace || err == nil && seq == 0 {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	for r, err := range l.log.Read(ctx, ws, seq, seq) {
		if err != nil {
			return time.Time{}, err
		}
		last = r.Commit.RecordedAt.AsTime()
	}
	return last, nil
}

// check refuses a batch that is empty, too large, of several workspaces, without ids, or with a text in clear.
func check(batch *commandv1.CommandBatch) (ws string, keys []aggregate.Key, err error) {
	if len(batch.Commands) == 0 {
		return "", nil, decider.Refuse("command/empty")
	}
	if len(batch.Commands) > batchMax {
		return "", nil, decider.Refuse("command/too-many")
	}
	keys = make([]aggregate.Key, len(batch.Commands))
	for i, cmd := range batch.Commands {
		if len(cmd.Id) < 16 || len(cmd.Id) > 64 {
			return "", nil, at(decider.Refuse("command/without-id"), i)
		}
		of, key, err := aggregate.Of(cmd)
		if err != nil {
			return "", nil, at(err, i)
		}
		if ws == "" {
			ws = of
		}
		if of != ws {
			return "", nil, at(decider.Refuse("command/of-another-workspace"), i)
		}
		if inClear(cmd.ProtoReflect()) {
			return "", nil, at(decider.Refuse("command/text-in-clear"), i)
		}
		keys[i] = key
	}
	return ws, keys, nil
}

var textName = (&commandv1.Text{}).ProtoReflect().Descriptor().FullName()

// inClear reports whether some text of the command was not sealed: the log must never see one.
func inClear(m protoreflect.Message) bool {
	if m.Descriptor().FullName() == textName {
		t, ok := m.Interface().(*commandv1.Text)
		return ok && t.GetSealed() == nil
	}
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				found = found || inClear(v.List().Get(i).Message())
			}
		default:
			found = found || inClear(v.Message())
		}
		return !found
	})
	return found
}

// at adds which command of the batch a refusal is about, counted from 0.
func at(err error, i int) error {
	var r *decider.Refusal
	if !errors.As(err, &r) {
		return err
	}
	with := &decider.Refusal{Code: r.Code, Args: map[string]string{"command": strconv.Itoa(i)}}
	for k, v := range r.Args {
		with.Args[k] = v
	}
	return with
}
