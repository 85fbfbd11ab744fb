package views

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/territory"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter shows what is recorded: workspaces, initiatives, decisions, with names and texts opened. A session has a chapter of its own (meeting.go).

type opener = func(decider.Words) string

// listWorkspaces answers ListWorkspaces.
func (v *Views) listWorkspaces(ctx context.Context, q *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error) {
	workspaces, err := v.ready(ctx, "", 0, false)
	if err != nil {
		return nil, err
	}
	out := &apiv1.ListWorkspacesResponse{}
	if q.WithPartitions {
		for _, p := range v.partitions {
			view := &apiv1.PartitionView{List: p.List, Version: uint32(p.Version)}
			for _, a := range p.Areas {
				view.Areas = append(view.Areas, &apiv1.MacroAreaView{Code: a.Code, It: a.It, En: a.En, Regions: a.Regions})
			}
			out.Partitions = append(out.Partitions, view)
		}
	}
	for _, ws := range workspaces {
		a, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Workspace, ID: ws}, nil)
		if err != nil {
			return nil, err
		}
		if a == nil {
			continue // its log was made, its first commit was not
		}
		initiatives, err := v.folds(ctx, ws, aggregate.Initiative, "")
		if err != nil {
			return nil, err
		}
		view := &apiv1.WorkspaceView{}
		region, _ := territory.Find(a.Workspace.Region)
		err = v.words(ws).twice(ctx, func(open func(decider.Words) string) {
			view = &apiv1.WorkspaceView{Id: ws, Name: open(a.Workspace.Name), Region: a.Workspace.Region, RegionCode: region.Code}
			for _, i := range initiatives {
				view.Initiatives = append(view.Initiatives, summaryOf(i, open))
			}
		})
		if err != nil {
			return nil, err
		}
		view.Sequence, view.Unverified = v.runner(ws).Position(ws)
		out.Workspaces = append(out.Workspaces, view)
	}
	return out, nil
}

func summaryOf(a *aggregate.Aggregate, open opener) *apiv1.InitiativeSummary {
	i := a.Initiative
	return &apiv1.InitiativeSummary{Id: a.ID, Title: open(i.Title), Scope: i.Scope, Area: i.Area, Stage: i.Stage}
}

// getInitiative answers GetInitiative.
func (v *Views) getInitiative(ctx context.Context, q *apiv1.GetInitiativeRequest) (*apiv1.InitiativeView, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	upTo := v.sequence(q.Workspace)
	home, err := v.need(ctx, q.Workspace, aggregate.Initiative, q.Initiative)
	if err != nil {
		return nil, err
	}
	sessions, err := v.folds(ctx, q.Workspace, aggregate.Session, q.Initiative+":")
	if err != nil {
		return nil, err
	}
	items, err := v.folds(ctx, q.Workspace, aggregate.Item, q.Initiative+":")
	if err != nil {
		return nil, err
	}
	decisions, err := v.listDecisions(ctx, q.Workspace, q.Initiative)
	if err != nil {
		return nil, err
	}
	var view *apiv1.InitiativeView
	err = v.words(q.Workspace).atMost(openedBytes).twice(ctx, func(open func(decider.Words) string) {
		view = &apiv1.InitiativeView{Initiative: summaryOf(home, open), Sequence: upTo, Public: home.Initiative.Public}
		for _, m := range home.Initiative.Members {
			view.Participants = append(view.Participants, participantOf(m, open))
		}
		for _, s := range sessions {
			view.Sessions = append(view.Sessions, sessionOf(s, open))
		}
		for _, i := range items {
			view.Items = append(view.Items, itemOf(i, open))
		}
		for _, d := range decisions {
			d.summary.Question = open(d.question)
			view.Decisions = append(view.Decisions, d.summary)
		}
		for _, u := range home.Initiative.Unlogged {
			view.Unlogged = append(view.Unlogged, &apiv1.UnloggedView{By: u.By, Text: open(u.Text), TakenOn: u.TakenOn, At: timestamp(u.At)})
		}
	})
	return view, err
}

// getTutoring answers GetTutoring. That it is one's own the gateway has checked.
func (v *Views) getTutoring(ctx context.Context, q *apiv1.GetTutoringRequest) (*apiv1.GetTutoringResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, q.CaughtUp); err != nil {
		return nil, err
	}
	home, err := v.need(ctx, q.Workspace, aggregate.Initiative, q.Initiative)
	if err != nil {
		return nil, err
	}
	return &apiv1.GetTutoringResponse{Tutor: home.Initiative.Tutor(q.Participant), ChosenBy: home.Initiative.ChosenBy(q.Participant)}, nil
}

func participantOf(m initiative.Member, open opener) *apiv1.ParticipantView {
	view := &apiv1.ParticipantView{Participant: m.Participant, Ref: open(m.Ref), Name: open(m.Name), Constituency: m.Constituency, EmployedByDepartment: m.EmployedByDepartment}
	for _, c := range m.Consents {
		view.Consents = append(view.Consents, &eventv1.ConsentStated{Participant: m.Participant, Consent: c.Code, Version: c.Version, Given: c.Given})
	}
	return view
}

func sessionOf(a *aggregate.Aggregate, open opener) *apiv1.SessionSummary {
	s := a.Session
	return &apiv1.SessionSummary{Id: a.ID, Title: open(s.Title), Kind: s.Kind, Phase: apiv1.SessionPhase(s.Phase), StartsAt: timestamp(s.StartsAt), OpenedAt: timestamp(s.OpenedAt), ClosedAt: timestamp(s.ClosedAt), Minutes: s.Minutes, Place: open(s.Place)}
}

func itemOf(a *aggregate.Aggregate, open opener) *apiv1.ItemView {
	i := a.Item
	view := &apiv1.ItemView{Id: a.ID, Title: open(i.Title), ProposedBy: i.ProposedBy, Phase: apiv1.ItemPhase(i.Phase), Minutes: i.Minutes, Reason: open(i.Reason), Wordings: wordingsOf(i, open)}
	for _, x := range i.Attachments {
		view.Attachments = append(view.Attachments, &apiv1.AttachmentView{Number: x.Number, Title: open(x.Title), Url: open(x.URL), By: x.By})
	}
	return view
}

// wordingsOf shows the earlier wordings. A description that left the words as they were made none.
func wordingsOf(i *item.State, open opener) []*apiv1.WordingView {
	var views []*apiv1.WordingView
	next := open(i.Title)
	for _, w := range slices.Backward(i.Wordings) {
		if title := open(w.Title); title != next {
			views, next = append(views, &apiv1.WordingView{Title: title, Until: timestamp(w.Until)}), title
		}
	}
	slices.Reverse(views)
	return views
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// getDecision answers GetDecision.
func (v *Views) getDecision(ctx context.Context, q *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	upTo := v.sequence(q.Workspace)
	d, err := v.need(ctx, q.Workspace, aggregate.Decision, q.Decision)
	if err != nil {
		return nil, err
	}
	count := countOf(d.Decision)
	var view *apiv1.DecisionView
	err = v.words(q.Workspace).atMost(openedBytes).twice(ctx, func(open func(decider.Words) string) { view = decisionOf(d, open, upTo, count) })
	return view, err
}
