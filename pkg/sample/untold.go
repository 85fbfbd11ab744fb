package sample

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is what happens in a session and does not stand in its minutes: a rule that is replaced before the vote, rounds of consent, and what somebody
// says was decided elsewhere. None of it changes a role.

// How often, in a hundred.
const (
	eased    = 2  // decisions with a rule: it was another one until just before the vote
	rounds   = 30 // decisions by consent: somebody objected, and the text was changed
	reports  = 2  // sessions: somebody reports a decision that is not in the record
	newcomer = 2  // sessions after the first: somebody comes onto the roll
)

// Untold is what the minutes of a session do not tell. Decisions are named by their own ids, people as in the file.
type Untold struct {
	// Eased are decisions for which unanimity was the rule until the real one replaced it, just before the vote.
	Eased   []string
	Rounds  []Rounds
	Reports []Report
}

// Rounds are those of one decision by consent: the proposal was presented, people reacted, one objected, the text was changed for them, everyone was asked anew.
type Rounds struct{ Decision, Objector, Text string }

// Report is of a decision that was taken outside the record.
type Report struct {
	By, Text string
	On, At   time.Time
}

// amended are texts as they stand after an objection; elsewhere are decisions that are not in the record.
var (
	amended   = []string{"Lo facciamo per tre mesi, poi ne riparliamo.", "Lo facciamo, ma non di lunedì.", "Lo facciamo in due per volta."}
	elsewhere = []string{"I turni sono stati cambiati in corridoio.", "La navetta è stata tolta con una telefonata.", "L'orario nuovo era già sulla porta."}
)

// untoldOf draws what the minutes do not tell of a decision.
func (w *writer) untoldOf(u *Untold, d minutes.Decision, k kind) {
	if d.Charter != nil && w.chance(eased) {
		u.Eased = append(u.Eased, d.ID)
	}
	if k == consent && w.chance(rounds) {
		objector := w.any(w.professionals)
		if w.chance(60) {
			objector = w.any(w.users)
		}
		u.Rounds = append(u.Rounds, Rounds{Decision: d.ID, Objector: objector, Text: w.any(amended)})
	}
}

// report draws whether somebody who was there reports a decision that was taken since the session.
func (w *writer) report(u *Untold, f *minutes.File) {
	if !w.chance(reports) {
		return
	}
	on := w.after(1, 10)
	r := Report{By: f.Participants[w.r.IntN(len(f.Participants))].ID, Text: w.any(elsewhere), On: on.Truncate(24 * time.Hour), At: on.AddDate(0, 0, 1)}
	if r.At.Before(w.end) {
		u.Reports = append(u.Reports, r)
	}
}

// join has somebody come to the table before a session: mostly a professional, and a user only where users sit.
func (w *writer) join() {
	p := minutes.Participant{ID: "n1", Name: names[w.r.IntN(len(names))], Constituency: minutes.ConstituencyProfessional, EmployedByDepartment: true}
	if len(w.users) > 0 && w.chance(25) {
		p.Constituency, p.EmployedByDepartment = minutes.ConstituencyUser, false
		w.users = append(w.users, p.ID)
	} else { // the last one facilitates
		w.professionals = slices.Insert(w.professionals, len(w.professionals)-1, p.ID)
	}
	w.all = append(w.all, p)
	w.joined, w.fresh = true, p.ID
}

// Weave puts what minutes do not tell among the steps that record them. pseudonyms maps ids of the file.
func (m Meeting) Weave(steps []minutes.Step, pseudonyms map[string]string) []minutes.Step {
	f := m.File
	session := f.Initiative.ID + ":" + f.Session.ID
	for _, own := range m.Untold.Eased {
		steps = ease(steps, f.Department.ID, session+":"+own)
	}
	for _, r := range m.Untold.Rounds {
		steps = ask(steps, f, session+":"+r.Decision, pseudonyms[r.Objector], r.Text)
	}
	for _, r := range m.Untold.Reports {
		steps = append(steps, minutes.Step{Path: "session", Command: &commandv1.Command{OccurredAt: timestamppb.New(r.At), Of: &commandv1.Command_ReportUnloggedDecision{ReportUnloggedDecision: &commandv1.ReportUnloggedDecision{
			Workspace: f.Department.ID, Initiative: f.Initiative.ID, By: pseudonyms[r.By], Text: clear(r.Text), TakenOn: r.On.Format(time.DateOnly)}}}})
	}
	return steps
}

// ease writes the rule of unanimity before the real one.
func ease(steps []minutes.Step, ws, decision string) []minutes.Step {
	at := slices.IndexFunc(steps, func(s minutes.Step) bool { return s.Command.GetWriteCharter().GetDecision() == decision })
	before := &commandv1.WriteCharter{Workspace: ws, Decision: decision, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_UNANIMITY}}}
	return slices.Insert(steps, at, minutes.Step{Path: steps[at].Path, Command: &commandv1.Command{OccurredAt: steps[at].Command.OccurredAt, Of: &commandv1.Command_WriteCharter{WriteCharter: before}}})
}

// ask has a decision by consent go through its rounds: those before the vote, an objection that changes the text, and everyone asked anew, with the answers that
// stand in the minutes.
func ask(steps []minutes.Step, f *minutes.File, decision, objector, text string) []minutes.Step {
	ws, began := f.Department.ID, f.Session.OpenedAt
	open := slices.IndexFunc(steps, func(s minutes.Step) bool { return s.Command.GetOpenVoting().GetDecision() == decision })
	cast := slices.IndexFunc(steps, func(s minutes.Step) bool { return s.Command.GetCastBallots().GetDecision() == decision })
	step := func(after time.Duration, c *commandv1.Command) minutes.Step {
		c.OccurredAt = timestamppb.New(began.Add(after))
		return minutes.Step{Path: steps[open].Path, Command: c}
	}
	begin := func(after time.Duration, r eventv1.Round) minutes.Step {
		return step(after, &commandv1.Command{Of: &commandv1.Command_BeginRound{BeginRound: &commandv1.BeginRound{Workspace: ws, Decision: decision, Round: r}}})
	}
	first := proto.CloneOf(steps[cast].Command.GetCastBallots())
	for _, b := range first.Ballots {
		if b.Participant == objector {
			b.Choice = eventv1.Choice_CHOICE_AGAINST
		}
	}
	steps = slices.Insert(steps, cast,
		step(50*time.Minute, &commandv1.Command{Of: &commandv1.Command_CastBallots{CastBallots: first}}),
		begin(55*time.Minute, eventv1.Round_ROUND_AMEND),
		step(65*time.Minute, &commandv1.Command{Of: &commandv1.Command_AmendProposal{AmendProposal: &commandv1.AmendProposal{Workspace: ws, Decision: decision, Text: clear(text), Objector: objector}}}),
		begin(70*time.Minute, eventv1.Round_ROUND_CONSENT))
	return slices.Insert(steps, open, begin(0, eventv1.Round_ROUND_PRESENT), begin(0, eventv1.Round_ROUND_CLARIFY), begin(0, eventv1.Round_ROUND_REACT))
}

func clear(s string) *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Clear{Clear: s}}
}
