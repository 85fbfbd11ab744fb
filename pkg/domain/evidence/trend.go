package evidence

import (
	"fmt"
	"sort"
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

// Span is the first and the last moment of anything in readings; zero when there is nothing.
func Span(readings []*Reading) (first, last time.Time) {
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
	for _, r := range readings {
		for i := range r.decisions {
			note(r.decisions[i].at)
		}
		for i := range r.sessions {
			note(r.sessions[i].at)
		}
		for i := range r.items {
			note(r.items[i].at)
		}
	}
	return first, last
}

// Cut divides facts among points by their moments, once, so that a figure of a month does not read the year. What lies in no point is left out; the points are
// in order and do not overlap.
func Cut(readings []*Reading, points []Point) []*Reading {
	parts := make([]*Reading, len(points))
	for i := range parts {
		parts[i] = &Reading{}
	}
	of := func(at time.Time) *Reading {
		i := sort.Search(len(points), func(i int) bool { return at.Before(points[i].To) })
		if at.IsZero() || i == len(points) || at.Before(points[i].From) {
			return &Reading{}
		}
		return parts[i]
	}
	for _, r := range readings {
		for i := range r.decisions {
			p := of(r.decisions[i].at)
			p.decisions = append(p.decisions, r.decisions[i])
		}
		for i := range r.sessions {
			p := of(r.sessions[i].at)
			p.sessions = append(p.sessions, r.sessions[i])
		}
		for i := range r.items {
			p := of(r.items[i].at)
			p.items = append(p.items, r.items[i])
		}
		for i := range r.advice {
			p := of(r.advice[i].At)
			p.advice = append(p.advice, r.advice[i])
		}
	}
	return parts
}
