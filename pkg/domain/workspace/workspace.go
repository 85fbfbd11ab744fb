// Package workspace decides what happens to a workspace: a department's own log, founded once, described again when name or region were
// wrong. Not here: who belongs to it (package initiative).
package workspace

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// State is a workspace as its events tell it.
type State struct {
	Founded bool
	Name    decider.Words
	Region  string
}

// Clone copies the state.
func (s *State) Clone() *State { c := *s; return &c }

// Decide says which events a command makes, or refuses it.
func Decide(s *State, cmd *commandv1.Command, now time.Time) ([]*eventv1.Event, error) {
	at := cmd.OccurredAt
	if at == nil {
		at = timestamppb.New(now)
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_FoundWorkspace:
		if s.Founded {
			return nil, decider.Refuse("workspace/already-founded", "workspace", c.FoundWorkspace.Workspace)
		}
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.WorkspaceFounded{Name: c.FoundWorkspace.Name.GetSealed(), Region: c.FoundWorkspace.Region})}, nil
	case *commandv1.Command_DescribeWorkspace:
		if !s.Founded {
			return nil, decider.Refuse("workspace/unknown", "workspace", c.DescribeWorkspace.Workspace)
		}
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.WorkspaceDescribed{Name: c.DescribeWorkspace.Name.GetSealed(), Region: c.DescribeWorkspace.Region})}, nil
	}
	return nil, decider.Refuse("workspace/not-its-command")
}

// Evolve folds one event into the state.
func Evolve(s *State, f decider.Fact) {
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_WorkspaceFounded:
		s.Founded, s.Name, s.Region = true, f.Words("name", e.WorkspaceFounded.Name), e.WorkspaceFounded.Region
	case *eventv1.Event_WorkspaceDescribed:
		s.Name, s.Region = f.Words("name", e.WorkspaceDescribed.Name), e.WorkspaceDescribed.Region
	}
}
