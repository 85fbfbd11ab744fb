package eventlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func pendings(commits ...*eventv1.Commit) []eventlog.Pending {
	var p []eventlog.Pending
	for _, c := range commits {
		p = append(p, eventlog.Pending{Commit: c})
	}
	return p
}

func TestBatchIsStoredInOrder(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	first := commit("a", 1)
	seq := mustAppend(t, w.log, "w", first, 0)
	batch := []eventlog.Pending{
		{Commit: commit("b", 1)}, {Commit: commit("a", 2), After: seq}, {Commit: commit("b", 2)}, {Commit: commit("a", 3)}, {Commit: commit("c", 1)},
	}
	last, err := w.log.AppendAll(t.Context(), "w", batch)
	if last != 6 || err != nil {
		t.Fatal(last, err)
	}
	wantCommits(t, all(t, w.reader, "w"), first, batch[0].Commit, batch[1].Commit, batch[2].Commit, batch[3].Commit, batch[4].Commit)
	if last, err := w.log.AppendAll(t.Context(), "w", nil); last != 0 || err != nil {
		t.Errorf("an empty batch: %d, %v", last, err)
	}
	if last, err := w.log.AppendAll(t.Context(), "w", pendings(commit("d", 1))); last != 7 || err != nil {
		t.Errorf("a batch of one: %d, %v", last, err)
	}
}

func TestBatchIsStoredWholeOrNotAtAll(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	a := mustAppend(t, w.log, "w", commit("a", 1), 0)
	mustAppend(t, w.log, "w", commit("a", 2), a)
	for name, c := range map[string]struct {
		batch    []eventlog.Pending
		code     string
		conflict string
	}{
		"conflict in the first":       {[]eventlog.Pending{{Commit: commit("a", 2), After: a}, {Commit: commit("b", 1)}}, eventlog.CodeConflict, "decision.a"},
		"conflict in the last":        {[]eventlog.Pending{{Commit: commit("b", 1)}, {Commit: commit("c", 1)}, {Commit: commit("a", 2), After: a}}, eventlog.CodeConflict, "decision.a"},
		"conflict after nothing":      {[]eventlog.Pending{{Commit: commit("b", 1)}, {Commit: commit("a", 1)}}, eventlog.CodeConflict, "decision.a"},
		"version left out":            {pendings(commit("b", 1), commit("b", 3)), eventlog.CodeVersionGap, ""},
		"version twice":               {pendings(commit("b", 1), commit("b", 1)), eventlog.CodeVersionGap, ""},
		"no sequence to come after":   {pendings(commit("b", 2)), eventlog.CodeMalformed, ""},
		"one too large":               {pendings(commit("b", 1), sized("c", 1, eventlog.MaxCommit+1000)), eventlog.CodeTooLarge, ""},
		"one without a commit":        {pendings(commit("b", 1), nil), eventlog.CodeMalformed, ""},
		"the same id for two commits": {twice(), eventlog.CodeMalformed, ""},
	} {
		last, err := w.log.AppendAll(t.Context(), "w", c.batch)
		var r *decider.Refusal
		if !errors.As(err, &r) || r.Code != c.code || r.Args["aggregate"] != c.conflict && c.conflict != "" || last != 0 {
			t.Errorf("%s: %d, %v", name, last, err)
		}
	}
	if got := all(t, w.reader, "w"); len(got) != 2 {
		t.Errorf("%d commits, want 2", len(got))
	}
}

func twice() []eventlog.Pending {
	p := pendings(commit("b", 1), commit("c", 1))
	p[1].Commit.Id = p[0].Commit.Id
	return p
}

func TestLongImportGoesInBatchesOfAThousand(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	const n = 2*eventlog.BatchMost + 50
	var batch []eventlog.Pending
	for i := range uint64(n) { // one aggregate crosses all batches, the others are everywhere
		c := commit("through", i/2+1)
		if i%2 == 1 {
			c = commit(fmt.Sprint("d", i), 1)
		}
		batch = append(batch, eventlog.Pending{Commit: c})
	}
	last, err := w.log.AppendAll(t.Context(), "w", batch)
	if last != n || err != nil {
		t.Fatal(last, err)
	}
	if got := batches(t, w, "w"); len(got) != 3 {
		t.Errorf("it went as %d batches, want 3", len(got))
	}
	again, err := w.log.AppendAll(t.Context(), "w", batch)
	if again != n || err != nil {
		t.Errorf("repeated: %d, %v", again, err)
	}
	if got := all(t, w.reader, "w"); len(got) != n {
		t.Errorf("%d commits, want %d", len(got), n)
	}
	if got, err := w.reader.Load(t.Context(), "w", "decision", "through", 0); len(got) != n/2 || err != nil {
		t.Errorf("%d versions, %v", len(got), err)
	}
}

func TestRefusedLaterBatchLeavesTheEarlier(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	mustAppend(t, w.log, "w", commit("taken", 1), 0)
	var batch []eventlog.Pending
	for i := range eventlog.BatchMost + 10 {
		batch = append(batch, eventlog.Pending{Commit: commit(fmt.Sprint("d", i), 1)})
	}
	batch[eventlog.BatchMost+5].Commit = commit("taken", 1)
	last, err := w.log.AppendAll(t.Context(), "w", batch)
	wantCode(t, err, eventlog.CodeConflict)
	if want := uint64(1 + eventlog.BatchMost); last != want {
		t.Errorf("the last stored is %d, want %d", last, want)
	}
	if got := all(t, w.reader, "w"); len(got) != 1+eventlog.BatchMost {
		t.Errorf("%d commits", len(got))
	}
}

func TestRepeatedBatchAnswersItsSequence(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	batch := pendings(commit("a", 1), commit("a", 2), commit("b", 1))
	for range 3 {
		if last, err := w.log.AppendAll(t.Context(), "w", batch); last != 3 || err != nil {
			t.Fatal(last, err)
		}
	}
	mustAppend(t, w.log, "w", commit("a", 3), 2)
	if last, err := w.log.AppendAll(t.Context(), "w", batch); last != 3 || err != nil {
		t.Errorf("after others: %d, %v", last, err)
	}
	// The first of these is there, the rest is not: it is not the batch that was stored.
	_, err := w.log.AppendAll(t.Context(), "w", append(batch[:2:2], pendings(commit("c", 1))...))
	wantCode(t, err, eventlog.CodeIDReused)
	other := proto.Clone(batch[0].Commit).(*eventv1.Commit)
	other.Correlation = "other"
	_, err = w.log.AppendAll(t.Context(), "w", append(pendings(other), batch[1:]...))
	wantCode(t, err, eventlog.CodeIDReused)
	if got := all(t, w.reader, "w"); len(got) != 4 {
		t.Errorf("%d commits, want 4", len(got))
	}
}

func TestHeavyBatchIsStaged(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	var batch []eventlog.Pending
	for v := range uint64(5*eventlog.StageBytes/eventlog.MaxCommit + 1) {
		batch = append(batch, eventlog.Pending{Commit: sized("a", v+1, eventlog.MaxCommit-100)})
	}
	last, err := w.log.AppendAll(t.Context(), "w", batch)
	if last != uint64(len(batch)) || err != nil {
		t.Fatal(last, err)
	}
	if got := all(t, w.reader, "w"); len(got) != len(batch) {
		t.Errorf("%d commits, want %d", len(got), len(batch))
	}
}

// What the server itself does with several messages of one subject in a batch; the package is built on it.
func TestServerWantsTheGuardOnASubjectsFirstMessageOnly(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	const none = -1
	for name, c := range map[string]struct {
		guards   [2]int
		accepted bool
	}{
		"first only":                 {[2]int{0, none}, true},
		"both as before the batch":   {[2]int{0, 0}, false},
		"second as within the batch": {[2]int{0, 1}, false},
		"second only":                {[2]int{none, 0}, false},
		"none":                       {[2]int{none, none}, true},
		"first wrong":                {[2]int{5, none}, false},
	} {
		subject := "log.w.decision." + strconv.Itoa(int(serial.Add(1)))
		id := strconv.Itoa(int(serial.Add(1)))
		var answer struct {
			Error *struct {
				Code int `json:"err_code"`
			} `json:"error"`
		}
		for i, guard := range c.guards {
			m := nats.NewMsg(subject)
			m.Header.Set("Nats-Batch-Id", id)
			m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
			if guard != none {
				m.Header.Set("Nats-Expected-Last-Subject-Sequence", strconv.Itoa(guard))
			}
			if i == 0 {
				if err := w.ledger.PublishMsg(m); err != nil {
					t.Fatal(err)
				}
				continue
			}
			m.Header.Set("Nats-Batch-Commit", "1")
			r, err := w.ledger.RequestMsg(m, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(r.Data, &answer); err != nil {
				t.Fatal(err)
			}
		}
		if accepted := answer.Error == nil; accepted != c.accepted {
			t.Errorf("%s: accepted %v (%v)", name, accepted, answer.Error)
		} else if !accepted && answer.Error.Code != 10071 && answer.Error.Code != 10164 {
			t.Errorf("%s: refused with %d", name, answer.Error.Code)
		}
	}
}

// Property: whatever is appended, alone or in batches, right or stale, once or again, the log is what a plain list with the same rules is.
func TestAnyHistoryEqualsThePlainList(t *testing.T) {
	w := open(t, t.TempDir())
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		ws := fmt.Sprint("w", run)
		create(t, w.log, ws)
		m := &plainList{last: map[string]uint64{}, version: map[string]uint64{}, at: map[string]uint64{}}
		var before [][]eventlog.Pending
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			var batch []eventlog.Pending
			if len(before) > 0 && rapid.IntRange(0, 3).Draw(rt, "again") == 0 {
				batch = rapid.SampledFrom(before).Draw(rt, "which")
			} else {
				batch = m.draw(rt)
			}
			want, wantErr := m.append(batch)
			var got uint64
			var err error
			if len(batch) == 1 {
				got, err = w.log.Append(context.Background(), ws, batch[0].Commit, batch[0].After)
			} else {
				got, err = w.log.AppendAll(context.Background(), ws, batch)
			}
			if got != want || decider.CodeOf(err) != wantErr {
				rt.Fatalf("batch of %d: got %d, %v; the list says %d, %q", len(batch), got, err, want, wantErr)
			}
			before = append(before, batch)
		}
		i := 0
		for r, err := range w.reader.Read(context.Background(), ws, 0, 0) {
			if err != nil {
				rt.Fatal(err)
			}
			if i >= len(m.commits) || !proto.Equal(r.Commit, m.commits[i]) {
				rt.Fatalf("sequence %d is %v", r.Seq, r.Commit)
			}
			i++
		}
		if i != len(m.commits) {
			rt.Fatalf("%d commits, the list has %d", i, len(m.commits))
		}
	})
}

type plainList struct {
	commits       []*eventv1.Commit
	last, version map[string]uint64 // by aggregate
	at            map[string]uint64 // sequence by commit id
}

// draw makes a batch, in which the first commit of an aggregate may come after the wrong sequence.
func (m *plainList) draw(t *rapid.T) []eventlog.Pending {
	var batch []eventlog.Pending
	inside := map[string]uint64{}
	for range rapid.IntRange(1, 5).Draw(t, "size") {
		id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "aggregate")
		if v, ok := inside[id]; ok {
			inside[id] = v + 1
			batch = append(batch, eventlog.Pending{Commit: commit(id, v+1)})
			continue
		}
		v, after := m.version[id]+1, m.last[id]
		switch rapid.IntRange(0, 6).Draw(t, "guard") {
		case 0:
			v, after = 1, 0 // has seen nothing
		case 1:
			v, after = v+1, after+1 // has seen what is not there
		}
		inside[id] = v
		batch = append(batch, eventlog.Pending{Commit: commit(id, v), After: after})
	}
	return batch
}

func (m *plainList) append(batch []eventlog.Pending) (last uint64, code string) {
	if seq, ok := m.at[batch[0].Commit.Id]; ok {
		return seq + uint64(len(batch)-1), "" // stored before, whole
	}
	inside := map[string]bool{}
	for _, p := range batch {
		id := p.Commit.AggregateId
		if !inside[id] && p.After != m.last[id] {
			return 0, eventlog.CodeConflict
		}
		inside[id] = true
	}
	for _, p := range batch {
		m.commits = append(m.commits, p.Commit)
		seq, id := uint64(len(m.commits)), p.Commit.AggregateId
		m.last[id], m.version[id], m.at[p.Commit.Id] = seq, p.Commit.Version, seq
	}
	return uint64(len(m.commits)), ""
}
