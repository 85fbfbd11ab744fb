// Package decider is the shape that every rule-keeping part of Tavolo has: a pure function decides what a command does to a state,
// another folds the events into the next state. No clock, no chance, no input or output: time and identity come in as arguments.
//
//	command ──► Decide(state, command) ──► events ──► Evolve(state, event) ──► state
//
// A command that cannot be accepted is refused with a Refusal: a stable code for machines, arguments for the sentence that people read
// (package catalogue has the sentences, Italian and English). A refusal has no effect at all.
//
// Not here: where events are kept (eventlog) and who may send a command (policy).
package decider

import (
	"errors"
	"slices"
	"strings"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Refusal says why a command was not accepted.
type Refusal struct {
	// Code is stable API: area/what, for example decision/not-open. Never renamed, never reused.
	Code string
	// Args fill the sentence of the code. Ids, codes and numbers only: never a name or a free text, for refusals reach logs.
	Args map[string]string
}

// Refuse makes a refusal. Arguments come as pairs: name, value, name, value.
func Refuse(code string, pairs ...string) *Refusal {
	r := &Refusal{Code: code}
	for p := range slices.Chunk(pairs, 2) {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[p[0]] = p[1]
	}
	return r
}

// Error gives the code and its arguments, for logs. People read the catalogue's sentence instead.
func (r *Refusal) Error() string {
	if len(r.Args) == 0 {
		return r.Code
	}
	var names []string
	for n := range r.Args {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(r.Code)
	for _, n := range names {
		b.WriteString(" " + n + "=" + r.Args[n])
	}
	return b.String()
}

// Is makes errors.Is compare refusals by code.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// CodeOf gives the code of a refusal anywhere in the chain of err, or "" when err is none.
func CodeOf(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// Fact is an event and where the log holds it. Seq and Commit are empty while a command is still being decided.
type Fact struct {
	// Seq is the sequence of the commit in the workspace's log.
	Seq uint64
	// Commit is the commit's id.
	Commit string
	Event  *eventv1.Event
}

// Words are a sealed text and where it stands in the log: what it takes to have it opened.
type Words struct {
	Commit string
	Field  string
	Sealed *eventv1.Sealed
}

// Words says where a sealed field of the fact stands.
func (f Fact) Words(field string, sealed *eventv1.Sealed) Words {
	return Words{f.Commit, field, sealed}
}
