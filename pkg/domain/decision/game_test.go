package decision_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/power"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The game that power is computed in must be the vote that is counted: a coalition wins in it exactly when the poll adopts with everyone
// there, the coalition for and everyone else against.

func wins(g power.Game, coalition int) bool {
	for k, quota := range g.Quotas {
		sum := int64(0)
		for i, p := range g.Players {
			if coalition>>i&1 == 1 {
				sum += p.Weights[k]
			}
		}
		if sum < quota {
			return false
		}
	}
	return true
}

// sides gives each voter the side of their player.
func sides(player []int, coalition int) func(i int) eventv1.Choice {
	return func(i int) eventv1.Choice {
		if coalition>>player[i]&1 == 1 {
			return yes
		}
		return no
	}
}

func TestACoalitionWinsInTheGameExactlyWhenThePollAdopts(t *testing.T) {
	met := map[string]bool{}
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 7, 1, 2, 3, 5)
		for _, e := range electors {
			e.Standing = rapid.SampledFrom([]eventv1.Standing{binding, binding, binding, vetoing, consulted}).Draw(t, "standing")
			e.Recused = rapid.IntRange(0, 9).Draw(t, "recused") == 0
		}
		r := ruleFor(t, electors)
		r.Quorum = nil // everyone who votes is there; what a recused voter is missed for is no matter of power
		for _, part := range r.Constituencies {
			part.MinPresent = 0
		}
		p := decision.NewPoll(r, electors)
		if len(p.Voters) == 0 {
			t.Skip("nobody votes")
		}
		var blocs [][]int
		if rapid.Bool().Draw(t, "blocs") {
			blocs = append(blocs, rapid.SliceOfN(rapid.IntRange(0, len(p.Voters)-1), 0, 3).Draw(t, "bloc"))
			blocs = append(blocs, rapid.SliceOfN(rapid.IntRange(0, len(p.Voters)-1), 0, 3).Draw(t, "bloc"))
		}
		g, player := p.Game(blocs...)
		for _, b := range blocs {
			for _, i := range b {
				if player[i] != player[b[0]] {
					t.Fatalf("bloc %v is not one player: %v", b, player)
				}
			}
		}
		for coalition := range 1 << len(g.Players) {
			got := p.Outcome(sides(player, coalition))
			if wins(g, coalition) != (got.Outcome == adopted) {
				t.Fatalf("%v\n%+v\ncoalition %b of %v: the game says %v, the poll %v", r, p.Voters, coalition, player, wins(g, coalition), got)
			}
		}
		met[r.Method.String()], met[r.Tie.String()] = true, true
		met[fmt.Sprint("impossible ", decision.OutOfReach(g.Validate()))] = true
	})
	for _, m := range []string{majority.String(), unanimity.String(), consent.String(), constituencies.String(), sole.String(), chair.String(), "impossible true", "impossible false"} {
		if !met[m] {
			t.Errorf("no game of %s was tried", m)
		}
	}
}

// The power of a group is that of one player who has the votes of all of them: counted here in the poll itself.
func TestThePowerOfAGroupIsHowOftenItsVoteDecides(t *testing.T) {
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 6, 1, 2, 3)
		r := ruleFor(t, electors)
		p := decision.NewPoll(r, electors)
		var group []int
		for i := range p.Voters {
			if i == 0 || rapid.Bool().Draw(t, "in") {
				group = append(group, i)
			}
		}
		index, err := p.Power(group, nil)
		if decision.OutOfReach(err) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		_, player := p.Game(group)
		me, others := 1<<player[group[0]], 0
		for _, at := range player {
			others = max(others, at+1)
		}
		swings := int64(0)
		for coalition := range 1 << others {
			if coalition&me == 0 && p.Outcome(sides(player, coalition)).Outcome != adopted && p.Outcome(sides(player, coalition|me)).Outcome == adopted {
				swings++
			}
		}
		if want := big.NewRat(swings, 1<<(others-1)); index.Banzhaf.Cmp(want) != 0 {
			t.Fatalf("%v of %+v under %v: power %v, counted %v", group, p.Voters, r, index.Banzhaf, want)
		}
	})
}

func TestNobodyHasPowerUnderARuleThatCannotBeFulfilled(t *testing.T) {
	for _, r := range []*eventv1.Rule{
		{Method: majority, RequiresFor: []string{"p1"}}, {Method: sole, Holder: "p1"}, {Method: majority, Threshold: votesFor(3)}, {Method: majority, MinMembersFor: 3},
	} {
		p := decision.NewPoll(r, []*eventv1.Elector{who("u1"), who("u2"), who("p1", recused)})
		if _, err := p.Power([]int{0}, nil); !decision.OutOfReach(err) {
			t.Errorf("%v, p1 stays out: %v", r, err)
		}
	}
	if decision.OutOfReach(nil) || decision.OutOfReach(errors.New("another")) {
		t.Error("another error is taken for a rule out of reach")
	}
}

// The same rule among those who took part: how often a group decides when those left out neither vote nor stand by.
func TestAmongSomeTheOthersCountOnlyInTheBaseOfMembers(t *testing.T) {
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 7, 1, 2, 3, 5)
		r := ruleFor(t, electors)
		r.Quorum = nil
		for _, part := range r.Constituencies {
			part.MinPresent = 0
		}
		if r.Method == consent || r.Method == consensus { // there silence is no way to take part
			t.Skip("everyone has to answer")
		}
		out := map[string]bool{}
		for _, e := range electors {
			out[e.Participant] = rapid.IntRange(0, 2).Draw(t, "out") == 0
		}
		kept := decision.NewPoll(r, electors)
		for i, v := range kept.Voters { // those left out are not there
			if out[v.Participant] {
				electors[i].Present = false
			}
		}
		p := decision.NewPoll(r, electors)
		among := p.Among(func(i int) bool { return !out[p.Voters[i].Participant] })
		g, _ := among.Game()
		for coalition := 1; coalition < 1<<len(among.Voters); coalition++ {
			full := p.Outcome(func(i int) eventv1.Choice {
				at := among.Index(p.Voters[i].Participant)
				if at < 0 {
					return none
				}
				if coalition>>at&1 == 1 {
					return yes
				}
				return no
			})
			if wins(g, coalition) != (full.Outcome == adopted) {
				t.Fatalf("%v\n%+v\nwithout %v, coalition %b of %+v: the game says %v, the vote %v", r, p.Voters, out, coalition, among.Voters, wins(g, coalition), full)
			}
		}
	})
}
