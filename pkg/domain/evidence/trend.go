package evidence

import (
	"fmt"
	"time"
)

// This chapter cuts figures into points in time.

// Point is a month or a quarter of UTC.
type Point struct {
	Key      string
	From, To time.Time
}

// Points cuts the time from one moment to another into months or quarters, whole ones at both ends. None when there is no time between them.
func Points(from, to time.Time, quarters bool) []Point {
	if from.IsZero() || to.Before(from) {
		return nil
	}
	from = from.UTC()
	at, months := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC), 1
	if quarters {
		at, months = time.Date(from.Year(), (from.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC), 3
	}
	var all []Point
	for !at.After(to) {
		p := Point{From: at, To: at.AddDate(0, months, 0)}
		if p.Key = fmt.Sprintf("%d-%02d", at.Year(), int(at.Month())); quarters {
			p.Key = Quarter(at)
		}
		all, at = append(all, p), p.To
	}
	return all
}

// Span is the first and the last moment of anything in a reading; zero when there is nothing.
func (r *Reading) Span() (first, last time.Time) {
	note := func(at time.Time) {
		if at.IsZero() {
			return
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	for _, d := range r.decisions {
		note(d.at)
	}
	for _, s := range r.sessions {
		note(s.at)
	}
	for _, i := range r.items {
		note(i.at)
	}
	return first, last
}
