package aggregate_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// table is a workspace in memory: it stands for ledger and log, which do the same with storage.
type table struct {
	seq uint64
	all map[aggregate.Key]*aggregate.Aggregate
	log map[aggregate.Key][][]byte // the bytes of every commit
}

func newTable() *table {
	return &table{all: map[aggregate.Key]*aggregate.Aggregate{}, log: map[aggregate.Key][][]byte{}}
}

func (x *table) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if x.all[k] == nil {
		x.all[k] = aggregate.New(k)
	}
	return x.all[k], nil
}

// decide says what a command would do.
func (x *table) decide(cmd *commandv1.Command) (aggregate.Key, []*eventv1.Event, error) {
	_, key, err := aggregate.Of(cmd)
	if err != nil {
		return key, nil, err
	}
	a, _ := x.load(key)
	events, err := aggregate.Decide(a, cmd, x.load, decidertest.Now)
	return key, events, err
}

// do decides a command and appends what it gives.
func (x *table) do(cmd *commandv1.Command) error {
	key, events, err := x.decide(cmd)
	if err != nil || len(events) == 0 {
		return err
	}
	return x.append(key, events)
}

func (x *table) append(key aggregate.Key, events []*eventv1.Event) error {
	a, _ := x.load(key)
	x.seq++
	raw, err := proto.Marshal(&eventv1.Commit{Id: fmt.Sprint("c", x.seq), Version: a.Version + 1, RecordedAt: timestamppb.New(decidertest.Now), Events: events})
	if err != nil {
		return err
	}
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(raw, c); err != nil {
		return err
	}
	x.log[key] = append(x.log[key], raw)
	return a.Apply(x.seq, c)
}

// outcome is what came of a command, to be asserted on.
type outcome struct {
	t   *testing.T
	err error
}

// when does a command given by its body.
func (x *table) when(t *testing.T, body proto.Message) outcome {
	t.Helper()
	return outcome{t, x.do(decidertest.Command(body))}
}

// Accepted wants no refusal.
func (o outcome) Accepted() {
	o.t.Helper()
	if o.err != nil {
		o.t.Fatalf("refused: %v", o.err)
	}
}

// Refused wants a refusal with this code.
func (o outcome) Refused(code string) {
	o.t.Helper()
	if decider.CodeOf(o.err) != code {
		o.t.Fatalf("want refused %s, got %v", code, o.err)
	}
}
