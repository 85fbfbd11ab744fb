package releases_test

import (
	"context"
	"testing"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/releases"
)

func open(t *testing.T, dir string) *releases.Store {
	t.Helper()
	s, err := releases.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func people(name string, n int) releases.Table {
	return releases.Table{Name: name, Counts: disclosure.OneWay([]string{"people"}, []int{n})}
}

func TestALaterReleaseThatWouldPointToAFewPeopleIsRefused(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	shown, err := s.Publish(ctx, []releases.Table{people("a", 7), people("b", 3)}, disclosure.People)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := shown[0].Shown("people"); !ok || n != 7 {
		t.Errorf("seven people: %d, %v", n, ok)
	}
	if _, ok := shown[1].Shown("people"); ok {
		t.Error("three people are shown")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir) // it is remembered by the file, not by the program
	if _, err := s.Publish(ctx, []releases.Table{people("c", 6), people("a", 8)}, disclosure.People); decider.CodeOf(err) != "disclosure/difference" {
		t.Errorf("one more: %v", err)
	}
	if _, err := s.Publish(ctx, []releases.Table{people("c", 9)}, disclosure.People); err != nil {
		t.Errorf("what was refused together with another one counts as released: %v", err)
	}
	for _, n := range []int{7, 12} {
		if _, err := s.Publish(ctx, []releases.Table{people("a", n)}, disclosure.People); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := s.Publish(ctx, []releases.Table{people("a", 10)}, disclosure.People); decider.CodeOf(err) != "disclosure/difference" {
		t.Errorf("between two that were released: %v", err)
	}
}

func TestATableWithARuleOfItsOwnIsOnlyCompared(t *testing.T) {
	ctx, s := context.Background(), open(t, t.TempDir())
	votes := func(yes, no int) []releases.Table {
		return []releases.Table{{Name: "v", AsIs: true, Counts: disclosure.OneWay([]string{"yes", "no"}, []int{yes, no})}}
	}
	shown, err := s.Publish(ctx, votes(6, 1), disclosure.People)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := shown[0].Shown("no"); !ok || n != 1 {
		t.Errorf("%d, %v", n, ok)
	}
	if _, err := s.Publish(ctx, votes(6, 1), disclosure.People); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if _, err := s.Publish(ctx, votes(5, 2), disclosure.People); decider.CodeOf(err) != "disclosure/difference" {
		t.Errorf("one vote is corrected: %v", err)
	}
}

func TestTwoProgramsShareTheFile(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	a, b := open(t, dir), open(t, dir)
	if _, err := a.Publish(ctx, []releases.Table{people("a", 7)}, disclosure.People); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Publish(ctx, []releases.Table{people("a", 8)}, disclosure.People); decider.CodeOf(err) != "disclosure/difference" {
		t.Errorf("%v", err)
	}
}
