package views

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/session"
	"tavolo/pkg/minutes"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter writes what is recorded of a session as a minutes file: for export, and for an import to compare a file with.

// exportMinutes answers ExportMinutes.
func (v *Views) exportMinutes(ctx context.Context, q *apiv1.ExportMinutesRequest) (*apiv1.ExportMinutesResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	initiative, own, _ := strings.Cut(q.Session, ":")
	r, err := v.minutesRecord(ctx, q.Workspace, initiative, own)
	if err != nil {
		return nil, err
	}
	if r.Session == nil {
		return nil, decider.Refuse("session/unknown", "session", q.Session)
	}
	if r.Session.Phase == session.Prepared {
		return nil, decider.Refuse("session/not-open")
	}
	var f *minutes.File
	if err := v.words(q.Workspace).twice(ctx, func(open func(decider.Words) string) { f = r.File(open) }); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := minutes.Write(&out, f, "json"); err != nil {
		return nil, err
	}
	return &apiv1.ExportMinutesResponse{File: out.Bytes(), Sequence: v.sequence(q.Workspace)}, nil
}

// recorded answers what an import compares a file with.
func (v *Views) recorded(ctx context.Context, q *apiv1.RecordedRequest) (*apiv1.RecordedResponse, error) {
	none := &minutes.Recorded{}
	if err := v.readyIn(ctx, q.Workspace, 0, q.CaughtUp); err != nil {
		if decider.CodeOf(err) != "workspace/unknown" {
			return nil, err
		}
		body, err := json.Marshal(none)
		return &apiv1.RecordedResponse{Recorded: body}, err
	}
	r, err := v.minutesRecord(ctx, q.Workspace, q.Initiative, q.Session)
	if err != nil {
		return nil, err
	}
	if err := v.words(q.Workspace).twice(ctx, func(open func(decider.Words) string) { none = r.Recorded(open) }); err != nil {
		return nil, err
	}
	body, err := json.Marshal(none)
	return &apiv1.RecordedResponse{Recorded: body, Sequence: v.sequence(q.Workspace)}, err
}

// minutesRecord folds everything that a minutes file of a session says.
func (v *Views) minutesRecord(ctx context.Context, ws, initiative, own string) (*minutes.Record, error) {
	r := &minutes.Record{WorkspaceID: ws, InitiativeID: initiative, SessionID: own}
	if a, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Workspace, ID: ws}, nil); err != nil {
		return nil, err
	} else if a != nil {
		r.Workspace = a.Workspace
	}
	home, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Initiative, ID: initiative}, nil)
	if err != nil || home == nil {
		return r, err
	}
	r.Initiative = home.Initiative
	full := initiative + ":" + own
	if a, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Session, ID: full}, nil); err != nil {
		return nil, err
	} else if a != nil {
		r.Session = a.Session
	}
	items, err := v.folds(ctx, ws, aggregate.Item, initiative+":")
	if err != nil {
		return nil, err
	}
	for _, a := range items {
		r.Items = append(r.Items, minutes.ItemRecord{ID: a.ID, State: a.Item})
	}
	decisions, err := v.folds(ctx, ws, aggregate.Decision, full+":")
	if err != nil {
		return nil, err
	}
	for _, a := range decisions {
		r.Decisions = append(r.Decisions, minutes.DecisionRecord{ID: a.ID, State: a.Decision})
	}
	return r, nil
}
