package people_test

// The running service that the tests ask, and what they ask it.

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
	"tavolo/services/people"
)

const (
	workspace = "dsm-nord"
	commit    = "01980000-0000-7000-8000-000000000001"
	anna      = "01980000-0000-7000-8000-00000000000a"
)

// house is a running service, asked over a real bus as the gateway asks it.
type house struct {
	nc   *nats.Conn
	log  *bytes.Buffer
	stop func()
}

func start(t testing.TB, dir string) *house {
	t.Helper()
	h, err := tryStart(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func tryStart(t testing.TB, dir string) (*house, error) {
	t.Helper()
	srv, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	own, err := srv.Connect(bus.People)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{log: &bytes.Buffer{}}
	if h.nc, err = srv.Connect(bus.Gateway); err != nil {
		t.Fatal(err)
	}
	s, err := people.Start(people.Options{Conn: own, Dir: dir, Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: h.log}, nil))})
	if err != nil {
		return nil, err
	}
	h.stop = sync.OnceFunc(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	return h, nil
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (h *house) trySeal(ctx context.Context, workspace string, words ...*peoplev1.Words) ([]*eventv1.Sealed, error) {
	resp := &peoplev1.SealResponse{}
	err := bus.Request(ctx, h.nc, "people.seal", &peoplev1.SealRequest{Workspace: workspace, Words: words}, resp)
	return resp.Sealed, err
}

func (h *house) seal(t testing.TB, words ...*peoplev1.Words) []*eventv1.Sealed {
	t.Helper()
	sealed, err := h.trySeal(t.Context(), workspace, words...)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(words) {
		t.Fatalf("%d answers for %d texts", len(sealed), len(words))
	}
	return sealed
}

func (h *house) tryOpen(ctx context.Context, workspace string, words ...*peoplev1.SealedWords) ([]*peoplev1.OpenedWords, error) {
	resp := &peoplev1.OpenResponse{}
	err := bus.Request(ctx, h.nc, "people.open", &peoplev1.OpenRequest{Workspace: workspace, Words: words}, resp)
	return resp.Words, err
}

func (h *house) open(t testing.TB, words ...*peoplev1.SealedWords) []*peoplev1.OpenedWords {
	t.Helper()
	opened, err := h.tryOpen(t.Context(), workspace, words...)
	if err != nil {
		t.Fatal(err)
	}
	if len(opened) != len(words) {
		t.Fatalf("%d answers for %d texts", len(opened), len(words))
	}
	return opened
}

func (h *house) tryEnrol(ctx context.Context, workspace, initiative string, refs ...string) ([]string, error) {
	resp := &peoplev1.EnrolResponse{}
	err := bus.Request(ctx, h.nc, "people.enrol", &peoplev1.EnrolRequest{Workspace: workspace, Initiative: initiative, Refs: refs}, resp)
	return resp.Participants, err
}

func (h *house) enrol(t testing.TB, initiative string, refs ...string) []string {
	t.Helper()
	given, err := h.tryEnrol(t.Context(), workspace, initiative, refs...)
	if err != nil {
		t.Fatal(err)
	}
	if len(given) != len(refs) {
		t.Fatalf("%d pseudonyms for %d short ids", len(given), len(refs))
	}
	return given
}

func words(subject, field, text string) *peoplev1.Words {
	return &peoplev1.Words{Subject: subject, Commit: commit, Field: field, Text: text}
}

// at says where sealed words stand: where they were sealed for.
func at(w *peoplev1.Words, s *eventv1.Sealed) *peoplev1.SealedWords {
	return &peoplev1.SealedWords{Commit: w.Commit, Field: w.Field, Sealed: s}
}

func refused(t testing.TB, err error, code string, args ...string) {
	t.Helper()
	want := decider.Refuse(code, args...)
	if err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want the refusal %v", err, want)
	}
}

var twoThousand = func() (all []*peoplev1.Words) {
	for i := range 2_000 {
		all = append(all, words(anna, "text", fmt.Sprintf("Intervento %d: vorrei che gli orari del centro si decidessero insieme, anche con le famiglie.", i)))
	}
	return all
}()
