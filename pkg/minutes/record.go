package minutes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
	"tavolo/pkg/domain/workspace"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter turns what is recorded back into a minutes file: the export, and what an import compares a file with.

// Record is what the log says of one session and of the initiative it belongs to.
type Record struct {
	WorkspaceID  string
	Workspace    *workspace.State
	InitiativeID string
	Initiative   *initiative.State
	// SessionID is the session's own id; Session is nil when it was never recorded.
	SessionID string
	Session   *session.State
	// Items of the initiative by their full id, in the order in which they were proposed.
	Items []ItemRecord
	// Decisions of the session by their full id.
	Decisions []DecisionRecord
}

// ItemRecord is an item and its full id.
type ItemRecord struct {
	ID string
	*item.State
}

// DecisionRecord is a decision and its full id.
type DecisionRecord struct {
	ID string
	*decision.State
}

// Open gives the words of a sealed text, empty when there are none or when they are gone.
type Open func(decider.Words) string

// Recorded says what the record holds already, as Steps needs it.
func (r *Record) Recorded(open Open) *Recorded {
	out := &Recorded{Members: map[string]Member{}, Items: map[string]Item{}, Frozen: map[string]map[string]Member{}}
	if r.Workspace != nil && r.Workspace.Founded {
		out.Department = &Department{ID: r.WorkspaceID, Name: open(r.Workspace.Name), Region: r.Workspace.Region}
	}
	if r.Initiative == nil || !r.Initiative.Opened {
		return out
	}
	i := r.initiative(open)
	out.Initiative = &i
	refs := r.refs(open)
	for _, m := range r.Initiative.Members {
		out.Members[refs[m.Participant]] = Member{m.Participant, open(m.Name), Constituency(m.Constituency), m.EmployedByDepartment}
	}
	for _, x := range r.Items {
		out.Items[own(x.ID)] = Item{ID: own(x.ID), Title: open(x.Title), ProposedBy: refs[x.ProposedBy]}
	}
	if r.Session != nil && r.Session.Phase != session.Unknown {
		out.Session = r.file(open, true, func(string, string) bool { return false }) // whoever compares must see everything
	}
	for _, d := range r.Decisions {
		frozen := map[string]Member{}
		for _, e := range d.Electors {
			frozen[refs[e.Participant]] = Member{Participant: e.Participant, Constituency: Constituency(e.Constituency), EmployedByDepartment: e.EmployedByDepartment}
		}
		out.Frozen[own(d.ID)] = frozen
		if d.Phase == decision.Posed || d.Phase == decision.Open {
			out.Unfinished = append(out.Unfinished, own(d.ID))
		}
	}
	return out
}

func own(id string) string { return id[strings.LastIndexByte(id, ':')+1:] }

func (r *Record) initiative(open Open) Initiative {
	return Initiative{ID: r.InitiativeID, Title: open(r.Initiative.Title), Scope: Scope(Word(r.Initiative.Scope)), Area: Area(Word(r.Initiative.Area)), Stage: Stage(Word(r.Initiative.Stage))}
}

// refs gives the short id of every pseudonym. One whose words are gone is known by its pseudonym.
func (r *Record) refs(open Open) map[string]string {
	refs := map[string]string{"": ""}
	for _, m := range r.Initiative.Members {
		refs[m.Participant] = or(open(m.Ref), m.Participant)
	}
	return refs
}

// File writes the session as a minutes file. Times are in UTC; decisions that were struck are left out, and so are the name of whoever refused
// that it stands in the minutes (the short id stays) and the words of whoever refused that (that they spoke, and how long, stays: roles follow).
// So are decisions that were posed and are not closed yet: how somebody voted is nobody's business before, and whoever reads a file takes what it says
// for decided.
func (r *Record) File(open Open) *File {
	return r.file(open, false, func(participant, consent string) bool {
		at := slices.IndexFunc(r.Initiative.Members, func(m initiative.Member) bool { return m.Participant == participant })
		return at >= 0 && r.Initiative.Members[at].Refuses(consent)
	})
}

// told reports whether a file says something of a decision; whole says that it is for whoever compares.
func (d DecisionRecord) told(whole bool) bool {
	return d.Phase == decision.Closed || whole && d.Phase != decision.Struck
}

// unseated are members without a seat in the session who are in the file nevertheless: somebody away who gave a proxy, an absent voter, whoever reversed a
// decision or carries it out, whoever proposed an item or spoke from outside the room.
func (r *Record) unseated(whole bool) []session.Seat {
	named := map[string]bool{}
	for _, x := range r.Items {
		if !slices.Contains(r.Session.Items, x.ID) {
			continue
		}
		named[x.ProposedBy] = true
		for _, c := range x.In(r.InitiativeID + ":" + r.SessionID) {
			named[c.By] = true
		}
	}
	for _, d := range r.Decisions {
		if !d.told(whole) {
			continue
		}
		named[d.Charter.GetPrecommittedBy()], named[d.Charter.GetImplementer()] = true, true
		for _, e := range append(slices.Clone(d.Electors), d.Planned...) {
			named[e.Participant], named[e.Proxy.GetTo()] = true, true
		}
		for _, a := range d.Acts {
			named[a.By], named[a.Owner], named[a.Objector] = true, true, true
		}
	}
	for _, s := range r.Session.Seats {
		delete(named, s.Participant)
	}
	var seats []session.Seat
	for _, m := range r.Initiative.Members {
		if named[m.Participant] {
			seats = append(seats, session.Seat{Participant: m.Participant, Capacity: decision.Capacity{Constituency: m.Constituency, EmployedByDepartment: m.EmployedByDepartment}})
		}
	}
	return seats
}

// file writes everything but what somebody refused and, unless it is to be whole, decisions that are not closed.
func (r *Record) file(open Open, whole bool, refused func(participant, consent string) bool) *File {
	refs := r.refs(open)
	f := &File{
		Format:     Format,
		Department: Department{ID: r.WorkspaceID, Name: open(r.Workspace.Name), Region: r.Workspace.Region},
		Initiative: r.initiative(open),
		Session:    Session{ID: r.SessionID, Title: open(r.Session.Title), Kind: SessionKind(Word(r.Session.Kind)), OpenedAt: r.Session.OpenedAt, ClosedAt: r.Session.ClosedAt},
	}
	if f.Session.OpenedAt.IsZero() {
		f.Session.OpenedAt = r.Session.StartsAt
	}
	names := map[string]decider.Words{}
	for _, m := range r.Initiative.Members {
		names[m.Participant] = m.Name
	}
	for _, s := range append(slices.Clone(r.Session.Seats), r.unseated(whole)...) {
		x := Participant{ID: refs[s.Participant], Constituency: Constituency(s.Constituency), EmployedByDepartment: s.EmployedByDepartment}
		if !refused(s.Participant, initiative.NameInMinutes) {
			x.Name = open(names[s.Participant])
		}
		for _, o := range s.Offices {
			x.Appointed = append(x.Appointed, Office(Word(o)))
		}
		f.Participants = append(f.Participants, x)
	}
	bySession := map[string][]DecisionRecord{}
	for _, d := range r.Decisions {
		if d.told(whole) {
			bySession[d.Item] = append(bySession[d.Item], d)
		}
	}
	full := r.InitiativeID + ":" + r.SessionID
	for _, id := range r.Session.Items {
		at := slices.IndexFunc(r.Items, func(x ItemRecord) bool { return x.ID == id })
		if at < 0 {
			continue
		}
		x := Item{ID: own(id), Title: open(r.Items[at].Title), ProposedBy: refs[r.Items[at].ProposedBy]}
		said := r.Items[at].In(full)
		for i, c := range said {
			line := Contribution{By: refs[c.By], Kind: ContributionKind(Word(c.Kind)), Seconds: int64(c.Seconds), Answers: answers(said[:i], c), Reply: Reply(Word(c.Reply))}
			if !refused(c.By, initiative.WordsInMinutes) {
				line.Text = open(c.Words)
			}
			x.Contributions = append(x.Contributions, line)
		}
		decisions := bySession[id]
		slices.SortFunc(decisions, func(a, b DecisionRecord) int {
			return cmp.Or(cmp.Compare(a.FirstSeq, b.FirstSeq), cmp.Compare(a.ID, b.ID))
		})
		for _, d := range decisions {
			x.Decisions = append(x.Decisions, decisionOf(d, refs, open, f.end()))
		}
		f.Items = append(f.Items, x)
	}
	return f
}

// answers gives the number of what a contribution answers, takes up or amends: the format has one word for all three. Where an earlier one says
// already how that was answered, the link is left out, for an answer without a reply would be taken for the last word on it.
func answers(before []item.Contribution, c item.Contribution) int64 {
	if c.Answers != 0 {
		return int64(c.Answers)
	}
	number := cmp.Or(c.TakesUp, c.Amends)
	if slices.ContainsFunc(before, func(b item.Contribution) bool {
		return b.Answers == number && b.Reply != eventv1.Reply_REPLY_UNSPECIFIED
	}) {
		return 0
	}
	return int64(number)
}

// decisionOf writes a decision. In a file a ballot has no time, everyone who voted was present, and every vote closes at the session's end; see whenOf
// for what that asks of acts. Acts that later ballots of the same person superseded are left out.
func decisionOf(d DecisionRecord, refs map[string]string, open Open, end time.Time) Decision {
	x := Decision{ID: own(d.ID), Question: open(d.Question), Charter: charterOf(d.Charter, refs)}
	for _, e := range d.Electors {
		line := Elector{Participant: refs[e.Participant], Standing: Standing(Word(e.Standing)), Weight: int64(e.Weight), Mandate: e.Mandate, Present: e.Present, Recused: e.Recused,
			Cast: slices.Contains(d.Secret.GetTookPart(), e.Participant), Ballot: Choice(Word(d.Ballots[e.Participant].Choice)), Advice: Choice(Word(d.Advice[e.Participant].Choice))}
		if e.Proxy != nil && (line.Ballot != "" || d.HolderThere(e)) {
			line.Proxy = &Proxy{To: refs[e.Proxy.To], Instructed: e.Proxy.Instructed}
		} else if line.Ballot != "" || line.Cast {
			line.Present = true
		}
		if d.votedFor(e.Participant) {
			line.Present = true // whoever voted for somebody was there then
		}
		x.Electorate = append(x.Electorate, line)
	}
	if t := d.Secret.GetTotal(); t != nil {
		total := tallyOf(t)
		x.Tally = &total
	}
	for code, part := range d.Secret.GetByConstituency() {
		if x.TallyByConstituency == nil {
			x.TallyByConstituency = map[Constituency]Tally{}
		}
		x.TallyByConstituency[Constituency(code)] = tallyOf(part)
	}
	if d.Claimed != eventv1.Outcome_OUTCOME_UNSPECIFIED {
		x.ClaimedConsensus, x.ClaimedOutcome = true, Outcome(Word(d.Claimed))
	}
	for _, a := range d.Acts {
		if d.Superseded(a) {
			continue
		}
		act := Act{Kind: ActKind(Word(a.Kind)), By: refs[a.By], Objector: refs[a.Objector], AllowedByRule: a.AllowedByRule, Owner: refs[a.Owner], At: whenOf(a, end)}
		if a.ByElectorate {
			act.By = Electorate
		}
		if a.Kind == eventv1.ActKind_ACT_KIND_FINAL_ACT {
			same := a.SameAsOutcome
			act.SameAsOutcome = &same
		}
		if a.Due != "" {
			act.Due, _ = parseDeadline(a.Due) // it was parsed before it was recorded
		}
		x.Acts = append(x.Acts, act)
	}
	return x
}

// votedFor reports whether somebody's vote for another, by proxy, stands.
func (d DecisionRecord) votedFor(holder string) bool {
	return slices.ContainsFunc(d.Electors, func(e *eventv1.Elector) bool {
		_, cast := d.Ballots[e.Participant]
		return cast && e.Proxy.GetTo() == holder
	})
}

// whenOf dates an act. In a file an objection that was settled by the session's end is settled for the vote; so one that was settled after the vote
// was closed, and the session went on, is dated the second after the session, and one settled before the vote was closed, and the session is not, at
// its end. All others keep their time.
func whenOf(a decision.Act, end time.Time) time.Time {
	switch a.Kind {
	case eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED, eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN, eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED:
		switch after := a.At.After(end); {
		case a.Late && !after:
			return end.Add(time.Second)
		case !a.Late && after:
			return end
		}
	}
	return a.At
}

func tallyOf(t *eventv1.Tally) Tally {
	return Tally{For: int64(t.For), Against: int64(t.Against), Abstain: int64(t.Abstain)}
}

func charterOf(c *eventv1.Charter, refs map[string]string) *Charter {
	if c == nil {
		return nil
	}
	x := &Charter{Ratification: Ratification(Word(c.Ratification)), Secret: c.Secret, PrecommittedBy: refs[c.PrecommittedBy]}
	r := c.Rule
	if r == nil {
		return x
	}
	x.Rule = &Rule{Method: Method(Word(r.Method)), Threshold: thresholdOf(r.Threshold), Base: Base(Word(r.Base)), Tie: Tie(Word(r.Tie)), Chair: refs[r.Chair], Holder: refs[r.Holder], MinMembersFor: int64(r.MinMembersFor)}
	for _, id := range r.Veto {
		x.Rule.Veto = append(x.Rule.Veto, refs[id])
	}
	for _, id := range r.RequiresFor {
		x.Rule.RequiresFor = append(x.Rule.RequiresFor, refs[id])
	}
	for _, k := range r.Constituencies {
		part := ConstituencyRule{Threshold: thresholdOf(k.Threshold), Base: Base(Word(k.Base)), MinPresent: int64(k.MinPresent)}
		for _, code := range k.Of {
			part.Of = append(part.Of, Constituency(code))
		}
		x.Rule.Constituencies = append(x.Rule.Constituencies, part)
	}
	if q := r.Quorum; q != nil {
		x.Rule.Quorum = &Quorum{Count: int64(q.Count), Fraction: fractionOf(q.Fraction)}
		for code, n := range q.Constituencies {
			if x.Rule.Quorum.Constituencies == nil {
				x.Rule.Quorum.Constituencies = map[Constituency]int64{}
			}
			x.Rule.Quorum.Constituencies[Constituency(code)] = int64(n)
		}
	}
	return x
}

func thresholdOf(t *eventv1.Threshold) Threshold {
	switch x := t.GetOf().(type) {
	case *eventv1.Threshold_Majority:
		return Majority
	case *eventv1.Threshold_Votes:
		return Threshold{Kind: ThresholdVotes, Votes: int64(x.Votes)}
	case *eventv1.Threshold_Fraction:
		return Threshold{Kind: ThresholdFraction, Fraction: fractionOf(x.Fraction)}
	}
	return Threshold{}
}

func fractionOf(f *eventv1.Fraction) Fraction {
	if f == nil {
		return Fraction{}
	}
	return Fraction{Num: int64(f.Numerator), Den: int64(f.Denominator)}
}

// recordedWire is how Recorded travels from the views to an import: the session in the file's own form, everything else as it is.
type recordedWire struct {
	Department *Department
	Initiative *Initiative
	Members    map[string]Member
	Items      map[string]Item
	Session    json.RawMessage `json:",omitempty"`
	Frozen     map[string]map[string]Member
	Unfinished []string `json:",omitempty"`
}

// MarshalJSON writes what an import compares a file with.
func (r *Recorded) MarshalJSON() ([]byte, error) {
	w := recordedWire{Department: r.Department, Initiative: r.Initiative, Members: r.Members, Items: r.Items, Frozen: r.Frozen, Unfinished: r.Unfinished}
	if r.Session != nil {
		var b bytes.Buffer
		if err := Write(&b, r.Session, "json"); err != nil {
			return nil, err
		}
		w.Session = b.Bytes()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads it back. The session is not judged again: what is recorded is recorded.
func (r *Recorded) UnmarshalJSON(data []byte) error {
	var w recordedWire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*r = Recorded{Department: w.Department, Initiative: w.Initiative, Members: w.Members, Items: w.Items, Frozen: w.Frozen, Unfinished: w.Unfinished}
	if len(w.Session) == 0 {
		return nil
	}
	read := &reader{file: "recorded"}
	root := read.tree(w.Session)
	if root == nil {
		return read.found()
	}
	f := fileObject.read(read, root)
	r.Session = &f
	return read.found()
}
