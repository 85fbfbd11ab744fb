package feed

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// SampleAuthority is the installation that the sample comes from.
const SampleAuthority = "example.org"

// Sample is a page of two entries about an invented decision, newest first: for who tries a reader before there is a token.
func Sample() *feedv1.PullResponse {
	at := func(month time.Month, day int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, month, day, 16, 30, 0, 0, time.UTC))
	}
	voters := uint32(24)
	rule := &feedv1.DecisionRule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Constituencies: []*eventv1.ConstituencyRule{
		{Of: []string{"user"}, Base: eventv1.Base_BASE_CAST}, {Of: []string{"professional"}, Base: eventv1.Base_BASE_CAST}}}
	base := func(sequence uint64) *feedv1.Entry {
		const ws, decision = "dsm-esempio", "orari:2026-03-05:sabato"
		return &feedv1.Entry{
			Id: Tag(SampleAuthority, ID(ws, sequence)), About: Tag(SampleAuthority, ID(ws, 57)), Workspace: ws, Initiative: "orari", Session: "orari:2026-03-05", Decision: decision,
			Scope: eventv1.Scope_SCOPE_AREA, Area: eventv1.Area_AREA_REHABILITATION, Stage: eventv1.Stage_STAGE_DESIGN,
			Question: "Aprire il Centro diurno il sabato mattina, per tre mesi di prova?", Rule: rule,
			RuleInWords: map[string]string{"it": RuleInWords("it", rule), "en": RuleInWords("en", rule)},
			Outcome:     eventv1.Outcome_OUTCOME_ADOPTED, ClosedAt: at(3, 5), RoleRules: "roles/1", Sequence: sequence, Page: Page(ws, decision),
			Roles: []*feedv1.GroupRole{{Who: "users:strict", Role: "decisive", Rule: 13, Reason: "binding_vote", RoleAtDecision: "decisive"},
				{Who: "users:broad", Role: "decisive", Rule: 13, Reason: "binding_vote", RoleAtDecision: "decisive"}},
		}
	}
	first, later := base(57), base(83)
	first.Kind, first.OccurredAt, first.RecordedAt, first.Proof = feedv1.EntryKind_ENTRY_KIND_RECORDED, at(3, 5), at(3, 5), []uint64{41, 44, 57}
	first.Figures = &feedv1.Figures{Voters: &voters, VotersByConstituency: map[string]uint32{"user": 12, "professional": 12}, Tally: &eventv1.Tally{For: 17, Against: 5, Abstain: 2}}
	later.Kind, later.OccurredAt, later.RecordedAt, later.Proof = feedv1.EntryKind_ENTRY_KIND_FOLLOWED_UP, at(4, 11), at(4, 11), []uint64{41, 44, 57, 83}
	later.Became = []*feedv1.Became{{Kind: eventv1.ActKind_ACT_KIND_IMPLEMENTED, At: at(4, 11)}}
	return &feedv1.PullResponse{Entries: []*feedv1.NumberedEntry{{N: 2, Entry: later}, {N: 1, Entry: first}}, Subscription: "sample"}
}
