package views

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/territory"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter tells how things went over time, and tells one participant what might keep them from taking part.

// series collects what belongs to one line.
type series struct {
	departments int
	counts      []counted
	readings    []*evidence.Reading
}

// listTrends answers ListTrends.
func (v *Views) listTrends(ctx context.Context, q *apiv1.ListTrendsRequest) (*apiv1.ListTrendsResponse, error) {
	partition, known := v.partitions.Named(cmp.Or(q.Partition, territory.Macro5))
	if !known {
		return nil, decider.Refuse("evidence/no-such-partition")
	}
	switch q.Level {
	case apiv1.LedgerLevel_LEDGER_LEVEL_UNSPECIFIED, apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE, apiv1.LedgerLevel_LEDGER_LEVEL_REGION, apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA, apiv1.LedgerLevel_LEDGER_LEVEL_NATION:
	default:
		return nil, decider.Refuse("evidence/no-trend-at-level")
	}
	s, err := v.set(ctx, &apiv1.ListRoleLedgerRequest{Workspace: q.Workspace, Period: q.Period, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
	if err != nil {
		return nil, err
	}
	if !evidence.UserView(s.who) {
		return nil, decider.Refuse("evidence/users-only")
	}
	readings, err := v.readingsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	all, keys := map[string]*series{}, []string(nil)
	for n, d := range s.departments {
		key := d.workspace
		if q.Level != apiv1.LedgerLevel_LEDGER_LEVEL_UNSPECIFIED && q.Level != apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE {
			key = territoryOf(q.Level, partition, d.region)
		}
		if all[key] == nil {
			all[key], keys = &series{}, append(keys, key)
		}
		all[key].readings = append(all[key].readings, readings[n])
		if err := v.collectSeries(ctx, s, d, all[key]); err != nil {
			return nil, err
		}
	}
	out := &apiv1.ListTrendsResponse{Rules: role.Version, AsOf: timestamppb.New(s.asOf), Who: s.who}
	if q.Level == apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA {
		out.Partition = partition.Label()
	}
	slices.Sort(keys)
	for _, key := range keys {
		x := all[key]
		out.Series = append(out.Series, &apiv1.TrendSeries{Key: key, Departments: uint32(x.departments), Points: x.points(s, q.Step == apiv1.TrendStep_TREND_STEP_QUARTER)})
	}
	return out, nil
}

func (v *Views) collectSeries(ctx context.Context, s *scene, d department, into *series) error {
	into.departments++
	st, ok, err := v.stretchOf(ctx, s, d)
	if err != nil {
		return err
	}
	if ok {
		counts, err := v.count(ctx, d.workspace, st, by{month: true})
		if err != nil {
			return err
		}
		into.counts = append(into.counts, counts...)
	} else {
		lines, err := v.ledgerOf(ctx, s, d)
		if err != nil {
			return err
		}
		for _, l := range lines {
			into.counts = append(into.counts, counted{l.Initiative, monthOf(l.ClosedAt.UnixMilli()), evidence.Tally{Role: l.Role, Reason: l.Reason, N: 1}})
		}
	}
	return nil
}

// points cuts a series. Its ends are the first and the last moment of anything in it, as far as the period goes.
func (x *series) points(s *scene, quarters bool) []*apiv1.TrendPoint {
	first, last := evidence.Span(x.readings)
	if !s.from.IsZero() && first.Before(s.from) {
		first = s.from
	}
	if !s.to.IsZero() && !last.Before(s.to) {
		last = s.to.Add(-time.Millisecond)
	}
	var all []*apiv1.TrendPoint
	points := evidence.Points(first, last, quarters)
	parts := evidence.Cut(x.readings, points)
	for n, p := range points {
		reading := parts[n]
		from, to := p.From, p.To
		if from.Before(s.from) {
			from = s.from
		}
		if !s.to.IsZero() && to.After(s.to) {
			to = s.to
		}
		var tallies []evidence.Tally
		for _, c := range x.counts {
			if at := beginOf(c.month); at >= p.From.UnixMilli() && at < p.To.UnixMilli() {
				tallies = append(tallies, c.Tally)
			}
		}
		a := evidence.OverTallies(p.Key, tallies, 1)
		agenda := reading.Agenda(s.who, from, to)
		all = append(all, &apiv1.TrendPoint{Key: p.Key, Included: uint32(a.Included), Excluded: counts(a.Excluded), Shares: row(a, false).Shares,
			ConditionalSuccess: trendShare(reading.Success(s.who, from, to).Divergent), Answered: trendShare(reading.Responsiveness(s.who, from, to, s.asOf).Answered), Implemented: trendShare(reading.Implementation(from, to, s.asOf).Done),
			Turns: trendShare(reading.Voice(s.who, from, to).Turns), Agenda: trendShare(agenda.Decided), DaysToAdmission: agenda.DaysToAdmission, Admitted: uint32(agenda.Admitted)})
	}
	return all
}

func trendShare(s evidence.Share) *apiv1.TrendShare {
	return &apiv1.TrendShare{Share: shareOf(s), Interval: intervalOf(s.Wilson())}
}

// getSignals answers GetSignals. Whose they are the gateway has checked.
func (v *Views) getSignals(ctx context.Context, q *apiv1.GetSignalsRequest) (*apiv1.GetSignalsResponse, error) {
	if q.Workspace == "" || q.Initiative == "" || q.Participant == "" {
		return nil, decider.Refuse("evidence/signals-whose")
	}
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	now := v.clock().UTC()
	record, _, _, err := v.recordOf(ctx, q.Workspace, q.Initiative, now)
	if err != nil {
		return nil, err
	}
	if len(record.Initiatives) == 0 {
		return nil, decider.Refuse("initiative/unknown", "initiative", q.Initiative)
	}
	if _, enrolled := record.Initiatives[0].Initiative.Roll(q.Participant); !enrolled {
		return nil, decider.Refuse("evidence/signals-whose")
	}
	out := &apiv1.GetSignalsResponse{AsOf: timestamppb.New(now)}
	for _, x := range record.Signals(q.Participant) {
		out.Signals = append(out.Signals, &apiv1.SignalView{Code: string(x.Code), Sessions: x.Sessions, Items: x.Items, Count: uint32(x.Count), Against: uint32(x.Against)})
	}
	return out, nil
}
