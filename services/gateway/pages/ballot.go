package pages

import (
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The form of a ballot: one slip for oneself and one for each person whose proxy one holds. Only what the record says is shown as recorded.

// Ballot is the page of a ballot.
type Ballot struct {
	Question, Proposal string
	// Page is the address of the decision's page.
	Page string
	// Problem says why the last ballot was not taken. "": it was, or there was none.
	Problem string
	// Until says until when one may vote.
	Until string
	Slips []Slip
}

// Slip is one ballot that the reader may cast, or has cast.
type Slip struct {
	// Participant is whose ballot it is, as a pseudonym; Of says it.
	Participant, Of string
	// Open: it may be cast now.
	Open bool
	// Now says what is recorded.
	Now string
	// Command is the id that this form was given when it was made; see CommandID.
	Command string
	Choices []Choice
	Button  string
}

// Choice is one of the choices of a slip.
type Choice struct {
	// Value is what the form sends: for, against, abstain.
	Value string
	Says  string
	// Means explains it. "": it needs no explanation.
	Means  string
	Chosen bool
}

// BallotInput is what a ballot's page is made of.
type BallotInput struct {
	Workspace  string
	Decision   *apiv1.DecisionView
	Initiative *apiv1.InitiativeView
	// Me is the pseudonym of who votes.
	Me string
	// Own are the ballots in the decision's session.
	Own []*apiv1.OwnBallot
	// Problem says why the last ballot was not taken.
	Problem string
	// Command makes the id of a form.
	Command func() string
}

// values of the choices in a form, and in addresses never.
var values = map[string]eventv1.Choice{"for": eventv1.Choice_CHOICE_FOR, "against": eventv1.Choice_CHOICE_AGAINST, "abstain": eventv1.Choice_CHOICE_ABSTAIN}

// ChoiceOf reads the choice that a form sent. ok is false when it is none.
func ChoiceOf(value string) (c eventv1.Choice, ok bool) {
	c, ok = values[value]
	return c, ok
}

// CommandID is the id of the command that a form becomes with one choice: the same form sent twice is the same command, which counts once; the same form
// with another choice (somebody went back and changed their mind) is another. form is the UUIDv7 in the form; ok is false when it is none.
func CommandID(form, participant, choice string) (id string, ok bool) {
	u, err := uuid.Parse(form)
	if err != nil || u.Version() != 7 || u.String() != form {
		return "", false
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{form, participant, choice}, "\n")))
	copy(u[9:], sum[:7]) // the time, the version and the variant stay: ids sort by time
	return u.String(), true
}

// BallotPage makes the page of a ballot.
func BallotPage(lang string, in BallotInput) Ballot {
	l, d := tongue(lang), in.Decision
	p := peopleOf(l, in.Initiative.GetParticipants())
	b := Ballot{Question: d.Question, Proposal: d.Proposal, Page: "/w/" + in.Workspace + "/d/" + d.Id + "/page", Problem: in.Problem}
	for _, own := range in.Own {
		if own.Decision == d.Id {
			b.Slips = append(b.Slips, slipOf(p, in, own))
		}
	}
	switch {
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN && d.ClosesAt != nil:
		b.Until = l.say("page/ballot-until", "when", l.moment(d.ClosesAt))
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN:
		b.Until = l.say("page/ballot-until-close")
	}
	return b
}

func slipOf(p people, in BallotInput, own *apiv1.OwnBallot) Slip {
	d := in.Decision
	s := Slip{Participant: own.Participant, Open: own.Open, Of: p.say("page/my-ballot"), Button: p.say("page/vote")}
	if own.Participant != in.Me {
		who := p.name(own.Participant)
		s.Of, s.Button = p.say("page/proxy-ballot", "who", who), p.say("page/vote-for", "who", who)
	}
	recorded := own.Choice != eventv1.Choice_CHOICE_UNSPECIFIED
	switch {
	case recorded:
		s.Now = p.say("page/recorded-is", "choice", choice(p.tongue, d, own.Choice))
	case own.Open:
		s.Now = p.say("page/not-cast-yet")
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_CLOSED:
		s.Now = p.say("page/not-cast-late")
	default:
		s.Now = p.say("page/not-open-yet")
	}
	if recorded {
		s.Button = p.say("page/change-vote")
		if own.Participant != in.Me {
			s.Button = p.say("page/change-vote-for", "who", p.name(own.Participant))
		}
	}
	if s.Open {
		s.Command = in.Command()
		for _, value := range []string{"for", "against", "abstain"} {
			c := Choice{Value: value, Says: choice(p.tongue, d, values[value]), Chosen: own.Choice == values[value]}
			if asksConsent(d) {
				c.Means = p.say("page/means-" + value)
			}
			s.Choices = append(s.Choices, c)
		}
	}
	return s
}

// Recorded is the page that says what is recorded after a ballot was cast.
func Recorded(lang string, in BallotInput) Doc {
	l, d := tongue(lang), in.Decision
	p := peopleOf(l, in.Initiative.GetParticipants())
	doc := Doc{Kind: l.say("page/ballot-page"), Title: plain(l.say("page/recorded"))}
	f := []Fact{{l.say("page/question"), orNone(said(d.Question))}}
	open, recorded := false, false
	for _, own := range in.Own {
		if own.Decision == d.Id {
			s := slipOf(p, BallotInput{Decision: d, Me: in.Me, Command: func() string { return "" }}, own)
			f = append(f, fact(s.Of, s.Now))
			open, recorded = open || own.Open, recorded || own.Choice != eventv1.Choice_CHOICE_UNSPECIFIED
		}
	}
	doc.Blocks = append(doc.Blocks, facts(f...))
	if !recorded { // somebody came here by the address
		doc.Title = plain(l.say("page/nothing-recorded"))
	}
	page := "/w/" + in.Workspace + "/d/" + d.Id
	switch {
	case open && recorded:
		doc.Blocks = append(doc.Blocks, para(plain(l.say("page/may-change"))))
		doc.Actions = append(doc.Actions, Piece{Text: l.say("page/change-vote"), Href: page + "/ballot"})
	case open:
		doc.Actions = append(doc.Actions, Piece{Text: l.say("page/vote"), Href: page + "/ballot"})
	}
	doc.Actions = append(doc.Actions, Piece{Text: l.say("page/to-decision"), Href: page + "/page"})
	return doc
}
