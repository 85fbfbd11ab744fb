// Package minutes reads, validates and writes minutes files (`tavolo-minutes/1`): one session of an
// initiative, in the words of its secretary, as YAML or JSON.
//
// The way of a file:
//
//	bytes -> node tree with places (read*.go) -> File through the key tables (keys.go, decode_*.go)
//	      -> what cannot have happened is refused (check*.go) -> File
//
// A file is taken whole or refused whole: every [Problem] has a stable code, the place in the file and
// a sentence in Italian and English that says what to write instead. Sentences and arguments go to
// logs, so they never repeat titles, questions, names or texts.
//
// Not here: whether a decision was adopted and which role anybody had; the domain answers that.
package minutes

import (
	"encoding/json"
	"time"
)

// Format is the only value that the key `format` takes.
const Format = "tavolo-minutes/1"

// Values of keys that are left out. They mean the same as writing them, so [Write] leaves them out.
const (
	DefaultWeight       int64 = 1                // a person has one vote
	DefaultPresent            = true             // whoever is listed in an electorate was there unless the minutes say otherwise
	DefaultStanding           = StandingNone     // nobody has a vote unless the minutes say so
	DefaultRatification       = RatificationNone // a decision needs nobody's signature unless the charter says so
	DefaultBase               = BaseCast         // of methods majority and unanimity and of each constituency
	DefaultTie                = TieStatusQuo     // of methods majority and constituencies: as many for as against changes nothing
)

// Limits of what is read; beyond them a file is refused.
const (
	MaxBytes    = 16 << 20      // size of a file in bytes
	MaxDepth    = 24            // objects and lists inside each other; the format needs 9
	MaxValues   = 500_000       // objects, lists and single values in one file: a hundred times the largest session known
	MaxNumber   = 1_000_000_000 // any whole number (weights, seconds, votes), so that sums fit int64
	MaxIDLength = 64            // characters of an id
	MaxProblems = 20            // problems reported at once
)

// File is one session as its minutes tell it.
type File struct {
	Format       string        `json:"format"`
	Department   Department    `json:"department"`
	Initiative   Initiative    `json:"initiative"`
	Session      Session       `json:"session"`
	Participants []Participant `json:"participants"`
	Items        []Item        `json:"items"`

	root *node // the tree that was read, for Place; nil in a File made by a program
}

// MarshalJSON writes a File as minutes in JSON, with the defaults that Write leaves out. An empty list that
// may not be left out is written as one.
func (f File) MarshalJSON() ([]byte, error) {
	type plain File
	if f.Participants == nil {
		f.Participants = []Participant{}
	}
	if f.Items == nil {
		f.Items = []Item{}
	}
	return json.Marshal(plain(f))
}

// Department is the workspace that owns the initiative. Its id is unique everywhere.
type Department struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Region string `json:"region,omitempty"`
}

// Initiative is the undertaking that the session belongs to.
type Initiative struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Scope Scope  `json:"scope,omitempty"` // "" = not stated
	Area  Area   `json:"area,omitempty"`  // only with ScopeArea
	Stage Stage  `json:"stage,omitempty"` // "" = not stated
}

// Session is one meeting. Times keep the offset of the file.
type Session struct {
	ID       string      `json:"id"`
	Title    string      `json:"title,omitempty"`
	Kind     SessionKind `json:"kind,omitempty"` // "" = not stated
	OpenedAt time.Time   `json:"opened_at"`
	ClosedAt time.Time   `json:"closed_at,omitzero"` // zero = not stated; never before OpenedAt
}

// Participant is somebody of the initiative, known by a pseudonym.
type Participant struct {
	ID                   string       `json:"id"`
	Constituency         Constituency `json:"constituency,omitempty"` // "" = capacity not declared
	Name                 string       `json:"name,omitempty"`         // goes to the key store, never into an event or a log
	EmployedByDepartment bool         `json:"employed_by_department,omitempty"`
	Appointed            []Office     `json:"appointed,omitempty"`
}

// Item is an agenda item. An item that returns in a later session keeps its id.
type Item struct {
	ID            string         `json:"id"`
	Title         string         `json:"title,omitempty"`
	ProposedBy    string         `json:"proposed_by,omitempty"` // a participant
	Contributions []Contribution `json:"contributions,omitempty"`
	// Decisions holds what stood under `decision` (one) or `decisions` (a list); see DecisionPath.
	Decisions []Decision `json:"decisions,omitempty"`
}

// Contribution is one turn of speaking or writing on an item.
type Contribution struct {
	By      string           `json:"by"` // a participant
	Kind    ContributionKind `json:"kind"`
	Seconds int64            `json:"seconds,omitempty"` // 0 = not measured
	Text    string           `json:"text,omitempty"`
	Answers int64            `json:"answers,omitempty"` // number of an earlier contribution of the same item, from 1; 0 = answers none
	Reply   Reply            `json:"reply,omitempty"`   // only with Answers
}

// Decision is one question that was put, to whom, under which rule, and what became of it.
type Decision struct {
	ID                  string                 `json:"id"` // unique within the session
	Question            string                 `json:"question,omitempty"`
	Charter             *Charter               `json:"charter,omitempty"` // nil = nothing was fixed before voting
	Electorate          []Elector              `json:"electorate,omitempty"`
	Tally               *Tally                 `json:"tally,omitempty"`                 // only when the charter is secret
	TallyByConstituency map[Constituency]Tally `json:"tally_by_constituency,omitempty"` // parts of Tally; some may be missing
	ClaimedConsensus    bool                   `json:"claimed_consensus,omitempty"`     // the minutes say "by consensus"
	ClaimedOutcome      Outcome                `json:"claimed_outcome,omitempty"`       // with ClaimedConsensus, and only then
	Acts                []Act                  `json:"acts,omitempty"`
}

// Charter is what was fixed before voting.
type Charter struct {
	Rule           *Rule        `json:"rule,omitempty"`            // nil = no rule was recorded
	Ratification   Ratification `json:"ratification,omitempty"`    // "" = none
	Secret         bool         `json:"secret,omitempty"`          // totals are stated instead of ballots
	PrecommittedBy string       `json:"precommitted_by,omitempty"` // a participant who bound himself beforehand to the result
}

// Rule says when a question is adopted. Parse fills the defaults of a method in (Default*), so that a
// rule that states them and one that leaves them out are the same Rule.
type Rule struct {
	Method Method `json:"method"`
	// Threshold of MethodMajority (default majority). With MethodConstituencies a stated threshold is an
	// overall quota beside those of the constituencies, and the zero Threshold means that there is none.
	Threshold Threshold `json:"threshold,omitzero"`
	Base      Base      `json:"base,omitempty"` // "" where the method has none and none was stated
	Tie       Tie       `json:"tie,omitempty"`
	Chair     string    `json:"chair,omitempty"`  // with TieChair, and only then: a voter
	Holder    string    `json:"holder,omitempty"` // with MethodSole, and only then: a voter
	// Constituencies of MethodConstituencies: each has to pass.
	Constituencies []ConstituencyRule `json:"constituencies,omitempty"`
	Quorum         *Quorum            `json:"quorum,omitempty"`
	Veto           []string           `json:"veto,omitempty"`            // voters whose against rejects
	RequiresFor    []string           `json:"requires_for,omitempty"`    // voters without whose for it fails
	MinMembersFor  int64              `json:"min_members_for,omitempty"` // at least so many voters in favour, by head; 0 = no such condition
}

// ConstituencyRule is the condition that the voters of one or more constituencies have to meet together.
type ConstituencyRule struct {
	Of         []Constituency `json:"of"`
	Threshold  Threshold      `json:"threshold,omitzero"`
	Base       Base           `json:"base,omitempty"`
	MinPresent int64          `json:"min_present,omitempty"` // heads; 0 = no such condition
}

// Quorum is who has to be there for a decision to be valid; heads of voters are counted. It states at
// most one of Fraction and Count.
type Quorum struct {
	Fraction       Fraction               `json:"fraction,omitzero"` // of the voters; zero = not stated
	Count          int64                  `json:"count,omitempty"`   // 0 = not stated
	Constituencies map[Constituency]int64 `json:"constituencies,omitempty"`
}

// Elector is one entry of an electorate: somebody's standing in one decision and what he did with it.
type Elector struct {
	Participant string   `json:"participant"`
	Standing    Standing `json:"standing,omitempty"` // "" = none
	Weight      int64    `json:"weight"`             // 1 to MaxNumber
	Mandate     string   `json:"mandate,omitempty"`  // a recorded voting instruction shared by all of that name
	Proxy       *Proxy   `json:"proxy,omitempty"`    // he gave his vote to somebody
	Ballot      Choice   `json:"ballot,omitempty"`   // "" = none recorded
	Present     bool     `json:"present"`
	Recused     bool     `json:"recused,omitempty"`
	Advice      Choice   `json:"advice,omitempty"` // of StandingConsulted, and only then
	Cast        bool     `json:"cast,omitempty"`   // took part in a secret ballot
}

// Proxy says to whom a vote was given, and whether with an instruction how to cast it.
type Proxy struct {
	To         string `json:"to"`
	Instructed bool   `json:"instructed,omitempty"`
}

// Tally is the result of a secret ballot, in votes (weights).
type Tally struct {
	For     int64 `json:"for"`
	Against int64 `json:"against"`
	Abstain int64 `json:"abstain,omitempty"`
}

// Sum of the votes of a tally.
func (t Tally) Sum() int64 { return t.For + t.Against + t.Abstain }

// Electorate is the word that stands in `by` where the electorate itself acted (reversed a decision,
// judged an objection); no participant can have it as id.
const Electorate = "electorate"

// Act is something that became of a decision, in the session or later. Which keys a kind needs and may
// have is the table actKeys in check_act.go.
type Act struct {
	Kind          ActKind   `json:"kind"`
	By            string    `json:"by,omitempty"`       // a participant, or Electorate
	Objector      string    `json:"objector,omitempty"` // a participant
	AllowedByRule bool      `json:"allowed_by_rule,omitempty"`
	SameAsOutcome *bool     `json:"same_as_outcome,omitempty"` // stated by a final act, by nothing else
	Owner         string    `json:"owner,omitempty"`           // a participant
	Due           Deadline  `json:"due,omitzero"`
	At            time.Time `json:"at,omitzero"` // zero = not stated; never before the session was opened
}
