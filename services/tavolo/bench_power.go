package main

import (
	"context"
	"io"
	"runtime"
	"strconv"
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/power"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter measures the power of votes.

// benchPower measures exact power of 120 people in three constituencies, and who could have changed the outcome.
func benchPower(_ context.Context, _ string, rounds int, _ io.Writer) ([]figure, error) {
	var electors []*eventv1.Elector
	for i := range 120 {
		constituency := "user"
		if i >= 80 {
			constituency = "family"
		}
		if i >= 89 {
			constituency = "professional"
		}
		electors = append(electors, &eventv1.Elector{Participant: strconv.Itoa(i), Constituency: constituency, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
	}
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES}
	for _, c := range []string{"user", "family", "professional"} {
		rule.Constituencies = append(rule.Constituencies, &eventv1.ConstituencyRule{Of: []string{c}})
	}
	poll := decision.NewPoll(rule, electors)
	choice := func(i int) eventv1.Choice { return eventv1.Choice(1 + i%2) }
	var indices, bytes, pivotal []float64
	for range max(rounds, 5) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		game, _ := poll.Game()
		if _, err := power.All(game); err != nil {
			return nil, err
		}
		indices = append(indices, float64(time.Since(start).Microseconds())/1000)
		runtime.ReadMemStats(&after)
		bytes = append(bytes, float64(after.TotalAlloc-before.TotalAlloc)/(1<<20))
		start = time.Now()
		poll.PivotalEach(choice)
		pivotal = append(pivotal, float64(time.Since(start).Nanoseconds())/1000)
	}
	return []figure{
		{What: "both power indices of 120 people in 3 constituencies, exact", Unit: "ms", Ours: median(indices), Target: "< 5 ms"},
		{What: "the same, memory allocated", Unit: "MiB", Ours: median(bytes), Target: "< 1 MiB"},
		{What: "who of 120 could have changed the outcome", Unit: "us", Ours: median(pivotal), Target: "< 100 us"},
	}, nil
}
