package views

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWarmingGivesWayToQuestionsButNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attendance
		began := time.Now()
		waited := func() time.Duration {
			from := time.Now()
			a.giveWay(t.Context(), courtesy)
			return time.Since(from)
		}
		if d := waited(); d != 0 {
			t.Errorf("nobody asks: waited %s", d)
		}
		ask := func(takes time.Duration) {
			_, _ = a.during(func(context.Context, []byte) ([]byte, error) {
				time.Sleep(takes)
				return nil, nil
			})(t.Context(), nil)
		}
		go ask(10 * time.Millisecond)
		go ask(30 * time.Millisecond)
		synctest.Wait()
		if d := waited(); d != 30*time.Millisecond {
			t.Errorf("two questions: waited %s, not for the longer one", d)
		}
		go ask(time.Hour)
		synctest.Wait()
		if d := waited(); d != courtesy {
			t.Errorf("a question without end: waited %s", d)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if d := waited(); d != 0 || time.Since(began) < time.Hour {
			t.Errorf("all answered: waited %s", d)
		}
	})
}

func TestAfterAStartEveryReadingIsMade(t *testing.T) {
	h := departments(t)
	if _, err := h.views.ready(context.Background(), "", 0, true); err != nil {
		t.Fatal(err)
	}
	h.views.tasks.Wait() // the warming of the start, which found nothing yet
	h.views.readings.Purge()
	h.views.warm()
	if n := h.views.readings.Len(); n != 4 {
		t.Errorf("%d readings of 4 departments with an initiative each", n)
	}
}
