package role_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
)

// Random minutes: one session, one item, one decision, two to seven voters under any rule, with proxies, mandates, advice, objections and
// whatever became of it.

var (
	began  = time.Date(2026, 3, 5, 15, 0, 0, 0, time.UTC)
	closed = began.Add(2 * time.Hour)
)

// file draws minutes that the deciders accept.
func file(t *rapid.T) *minutes.File {
	f := &minutes.File{Format: minutes.Format, Department: minutes.Department{ID: "dsm"}, Initiative: minutes.Initiative{ID: "csm"},
		Session: minutes.Session{ID: "s1", OpenedAt: began, ClosedAt: closed}}
	d := minutes.Decision{ID: "d1"}
	d.Electorate = voters(t, f)
	rest := bystanders(t, f, &d)
	d.Charter = &minutes.Charter{Rule: rule(t, f, d.Electorate)}
	if pick(t, "formal", 1, 5) {
		d.Charter.Ratification = rapid.SampledFrom([]minutes.Ratification{minutes.RatificationNone, minutes.RatificationLegality, minutes.RatificationMerit}).Draw(t, "ratification")
	}
	if pick(t, "bound", 1, 8) {
		d.Charter.PrecommittedBy = "dir"
	}
	switch {
	case pick(t, "no charter", 1, 25):
		d.Charter = nil
		cast(t, &d)
	case pick(t, "secret", 1, 12) && len(d.Charter.Rule.Veto)+len(d.Charter.Rule.RequiresFor) == 0 && d.Charter.Rule.MinMembersFor == 0 && d.Charter.Rule.Method != minutes.MethodSole:
		castSecretly(t, f, &d)
	case pick(t, "claimed", 1, 25):
		d.ClaimedConsensus, d.ClaimedOutcome = true, minutes.OutcomeAdopted
	default:
		cast(t, &d)
	}
	d.Electorate = append(d.Electorate, rest...)
	d.Acts = acted(t, d.Electorate)
	f.Items = []minutes.Item{{ID: "i1", ProposedBy: rapid.SampledFrom([]string{"", "v0", "dir"}).Draw(t, "proposer"), Contributions: spoken(t, f), Decisions: []minutes.Decision{d}}}
	return f
}

// pick is true so many times of so many, unlike a range, which prefers small numbers.
func pick(t *rapid.T, what string, of, all int) bool {
	odds := make([]bool, all)
	for i := range of {
		odds[all-1-i] = true
	}
	return rapid.SampledFrom(odds).Draw(t, what)
}

// sits draws for whom somebody sits. Each constituency is the employed one or the other at random.
func sits(t *rapid.T, f *minutes.File, id string) {
	p := minutes.Participant{ID: id, Constituency: rapid.SampledFrom([]minutes.Constituency{"user", "user", "professional", "professional", "family", "psw", "association"}).Draw(t, "constituency")}
	p.EmployedByDepartment = p.Constituency == "psw" || pick(t, "employed", 1, 8)
	f.Participants = append(f.Participants, p)
}

func voters(t *rapid.T, f *minutes.File) []minutes.Elector {
	n := rapid.SampledFrom([]int{2, 3, 3, 4, 4, 5, 5, 6, 7}).Draw(t, "voters")
	equal := rapid.Bool().Draw(t, "equal")
	var electors []minutes.Elector
	for i := range n {
		e := minutes.Elector{Participant: fmt.Sprint("v", i), Standing: minutes.StandingBindingVote, Weight: 1, Present: true}
		sits(t, f, e.Participant)
		if !equal {
			e.Weight = rapid.SampledFrom([]int64{1, 1, 2, 3, 4, 5, 9}).Draw(t, "weight")
		}
		switch rapid.SampledFrom([]string{"", "", "", "", "", "", "away", "away", "veto", "delegated", "consent", "recused", "m1", "m1", "m2"}).Draw(t, "trait") {
		case "away":
			e.Present = false
		case "veto":
			e.Standing = minutes.StandingVeto
		case "delegated":
			e.Standing = minutes.StandingDelegated
		case "consent":
			e.Standing = minutes.StandingConsent
		case "recused":
			e.Recused = i > 0
		case "m1":
			e.Mandate = "m1"
		case "m2":
			e.Mandate = "m2"
		}
		electors = append(electors, e)
	}
	for i := range electors {
		if e := &electors[i]; i > 0 && !e.Recused && pick(t, "proxy", 1, 10) && electors[0].Present && electors[0].Proxy == nil {
			e.Proxy = &minutes.Proxy{To: "v0", Instructed: rapid.Bool().Draw(t, "instructed")}
		}
	}
	return electors
}

// bystanders are asked, told or merely there.
func bystanders(t *rapid.T, f *minutes.File, d *minutes.Decision) []minutes.Elector {
	var rest []minutes.Elector
	for i := range rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "bystanders") {
		e := minutes.Elector{Participant: fmt.Sprint("b", i), Weight: 1, Present: rapid.Bool().Draw(t, "present"),
			Standing: rapid.SampledFrom([]minutes.Standing{minutes.StandingConsulted, minutes.StandingConsulted, minutes.StandingInformed, minutes.StandingNone}).Draw(t, "standing")}
		sits(t, f, e.Participant)
		if e.Standing == minutes.StandingConsulted {
			e.Advice = rapid.SampledFrom([]minutes.Choice{"", minutes.ChoiceFor, minutes.ChoiceAgainst, minutes.ChoiceAbstain}).Draw(t, "advice")
		}
		rest = append(rest, e)
	}
	f.Participants = append(f.Participants, minutes.Participant{ID: "dir", Constituency: "director"})
	return rest
}

func threshold(t *rapid.T, whole int64) minutes.Threshold {
	switch rapid.SampledFrom([]string{"majority", "majority", "share", "votes"}).Draw(t, "threshold") {
	case "share":
		den := rapid.SampledFrom([]int64{2, 3, 4, 5}).Draw(t, "den")
		return minutes.Threshold{Kind: minutes.ThresholdFraction, Fraction: minutes.Fraction{Num: rapid.Int64Range(1, den).Draw(t, "num"), Den: den}}
	case "votes":
		return minutes.Threshold{Kind: minutes.ThresholdVotes, Votes: rapid.Int64Range(1, whole).Draw(t, "votes")}
	}
	return minutes.Majority
}

func rule(t *rapid.T, f *minutes.File, electors []minutes.Elector) *minutes.Rule {
	base := rapid.SampledFrom([]minutes.Base{minutes.BaseCast, minutes.BaseCast, minutes.BasePresent, minutes.BaseMembers})
	heads, weight := map[minutes.Constituency]int64{}, map[minutes.Constituency]int64{}
	var ids []string
	var codes []minutes.Constituency
	whole := int64(0)
	for i, e := range electors {
		if e.Recused {
			continue
		}
		ids = append(ids, e.Participant)
		code := f.Participants[i].Constituency
		if heads[code]++; heads[code] == 1 {
			codes = append(codes, code)
		}
		weight[code] += e.Weight
		whole += e.Weight
	}
	r := &minutes.Rule{Method: rapid.SampledFrom([]minutes.Method{minutes.MethodMajority, minutes.MethodMajority, minutes.MethodMajority, minutes.MethodMajority, minutes.MethodConstituencies, minutes.MethodConstituencies, minutes.MethodUnanimity, minutes.MethodConsent, minutes.MethodSole}).Draw(t, "method")}
	switch r.Method {
	case minutes.MethodSole:
		r.Holder = rapid.SampledFrom(ids).Draw(t, "holder")
	case minutes.MethodUnanimity:
		r.Base = base.Draw(t, "base")
	case minutes.MethodMajority:
		r.Threshold, r.Base = threshold(t, whole), base.Draw(t, "base")
	case minutes.MethodConstituencies:
		for _, code := range codes {
			if len(r.Constituencies) == 0 || rapid.Bool().Draw(t, "of") {
				r.Constituencies = append(r.Constituencies, minutes.ConstituencyRule{Of: []minutes.Constituency{code}, Threshold: threshold(t, weight[code]), Base: base.Draw(t, "base")})
			}
		}
		if pick(t, "overall", 1, 3) {
			r.Threshold, r.Base = threshold(t, whole), base.Draw(t, "base")
		}
	}
	if r.Method == minutes.MethodMajority || r.Method == minutes.MethodConstituencies {
		if r.Tie = rapid.SampledFrom([]minutes.Tie{minutes.TieStatusQuo, minutes.TieChair, minutes.TieDefer}).Draw(t, "tie"); r.Tie == minutes.TieChair {
			r.Chair = rapid.SampledFrom(ids).Draw(t, "chair")
		}
		if pick(t, "names", 1, 8) {
			r.Veto, r.RequiresFor = []string{rapid.SampledFrom(ids).Draw(t, "veto")}, []string{rapid.SampledFrom(ids).Draw(t, "required")}
			r.MinMembersFor = rapid.Int64Range(0, int64(len(ids))).Draw(t, "members")
		}
	}
	if pick(t, "quorum", 1, 6) {
		r.Quorum = &minutes.Quorum{Count: rapid.Int64Range(1, int64(len(ids))).Draw(t, "count")}
	}
	return r
}

func mayVote(e *minutes.Elector) bool { return !e.Recused && (e.Present || e.Proxy != nil) }

// cast draws ballots. Who holds a free proxy mostly casts it like their own ballot, and mandates are mostly kept.
func cast(t *rapid.T, d *minutes.Decision) {
	choice := rapid.SampledFrom([]minutes.Choice{minutes.ChoiceFor, minutes.ChoiceFor, minutes.ChoiceFor, minutes.ChoiceAgainst, minutes.ChoiceAgainst, minutes.ChoiceAbstain, ""})
	mandated, free := map[string]minutes.Choice{}, minutes.Choice("")
	for i := range d.Electorate {
		e := &d.Electorate[i]
		if !mayVote(e) {
			continue
		}
		e.Ballot = choice.Draw(t, "ballot")
		if e.Mandate != "" && e.Ballot != "" {
			if m, ok := mandated[e.Mandate]; ok && !pick(t, "broken", 1, 6) {
				e.Ballot = m
			}
			mandated[e.Mandate] = e.Ballot
		}
		if (i == 0 || e.Proxy != nil && !e.Proxy.Instructed) && e.Ballot != "" {
			if free != "" && !pick(t, "split", 1, 8) {
				e.Ballot = free
			}
			free = e.Ballot
		}
	}
}

// castSecretly draws ballots, and writes down their totals and who took part.
func castSecretly(t *rapid.T, f *minutes.File, d *minutes.Decision) {
	d.Charter.Secret = true
	d.Tally, d.TallyByConstituency = &minutes.Tally{}, map[minutes.Constituency]minutes.Tally{}
	for i := range d.Electorate {
		if e := &d.Electorate[i]; e.Standing == minutes.StandingVeto {
			e.Standing = minutes.StandingBindingVote
		}
	}
	cast(t, d)
	for i := range d.Electorate {
		e, code := &d.Electorate[i], f.Participants[i].Constituency
		if e.Ballot == "" {
			continue
		}
		part := d.TallyByConstituency[code]
		for _, sum := range []*minutes.Tally{d.Tally, &part} {
			switch e.Ballot {
			case minutes.ChoiceFor:
				sum.For += e.Weight
			case minutes.ChoiceAgainst:
				sum.Against += e.Weight
			default:
				sum.Abstain += e.Weight
			}
		}
		d.TallyByConstituency[code] = part
		e.Ballot, e.Cast = "", true
	}
}

func spoken(t *rapid.T, f *minutes.File) []minutes.Contribution {
	var said []minutes.Contribution
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3}).Draw(t, "contributions") {
		c := minutes.Contribution{By: rapid.SampledFrom(f.Participants).Draw(t, "by").ID, Seconds: 30,
			Kind: rapid.SampledFrom([]minutes.ContributionKind{minutes.ContributionStatement, minutes.ContributionAdvice, minutes.ContributionProposal}).Draw(t, "kind")}
		if n := len(said); n > 0 && pick(t, "answers", 1, 2) {
			c.Answers, c.Reply = int64(n), minutes.ReplyAccepted
		}
		said = append(said, c)
	}
	return said
}

func acted(t *rapid.T, electors []minutes.Elector) []minutes.Act {
	var acts []minutes.Act
	for range rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "acts") {
		a := minutes.Act{At: closed.AddDate(0, 0, rapid.SampledFrom([]int{1, 10, 20, 40}).Draw(t, "days"))}
		someone := rapid.SampledFrom(electors).Draw(t, "someone").Participant
		same := rapid.Bool().Draw(t, "same")
		switch a.Kind = rapid.SampledFrom([]minutes.ActKind{minutes.ActReversed, minutes.ActReversed, minutes.ActFinalAct, minutes.ActImplementationRefused, minutes.ActImplementationDue, minutes.ActObjectionDismissed, minutes.ActDeferred, minutes.ActImplemented}).Draw(t, "act"); a.Kind {
		case minutes.ActReversed:
			a.By = rapid.SampledFrom([]string{"dir", "dir", minutes.Electorate, someone}).Draw(t, "by")
		case minutes.ActFinalAct:
			a.By, a.SameAsOutcome = "dir", &same
		case minutes.ActObjectionDismissed:
			a.By, a.Objector, a.AllowedByRule = "dir", someone, rapid.Bool().Draw(t, "allowed")
			if rapid.Bool().Draw(t, "in the meeting") {
				a.At = closed
			}
		case minutes.ActImplementationRefused:
			a.By = "dir"
		case minutes.ActImplementationDue:
			a.Due = minutes.Deadline{At: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), WholeDay: true}
		}
		acts = append(acts, a)
	}
	return acts
}

// changed copies minutes so far that the electorate, its order and its ballots can be changed.
func changed(f *minutes.File, change func(f *minutes.File, d *minutes.Decision)) *minutes.File {
	n := *f
	n.Participants = slices.Clone(f.Participants)
	n.Items = slices.Clone(f.Items)
	n.Items[0].Contributions = slices.Clone(f.Items[0].Contributions)
	n.Items[0].Decisions = slices.Clone(f.Items[0].Decisions)
	d := &n.Items[0].Decisions[0]
	d.Electorate = slices.Clone(d.Electorate)
	d.Acts = slices.Clone(d.Acts)
	change(&n, d)
	return &n
}

// caseOf is the case of random minutes as everything stands at the end.
func caseOf(t *rapid.T, f *minutes.File) *role.Case { return record(t, f).asOf(recordedAt)["d1"] }

// minutesOf writes minutes down, for whoever reads a failure.
func minutesOf(f *minutes.File) string {
	raw, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
