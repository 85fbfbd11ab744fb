package minutes

// The words of the format. Each list is in the order of the format's description; the schema and the
// sentences of refusals print it as it stands.

// Scope says whether an initiative plans the whole department or works on one area.
type Scope string

// Scopes.
const (
	ScopeStrategicPlanning Scope = "strategic_planning"
	ScopeArea              Scope = "area"
)

var scopes = []Scope{ScopeStrategicPlanning, ScopeArea}

// Area is what an initiative is about.
type Area string

// Areas.
const (
	AreaRehabilitation Area = "rehabilitation"
	AreaCarePathways   Area = "care_pathways"
	AreaNewServices    Area = "new_services"
	AreaStaffTraining  Area = "staff_training"
	AreaOther          Area = "other"
)

var areas = []Area{AreaRehabilitation, AreaCarePathways, AreaNewServices, AreaStaffTraining, AreaOther}

// Stage is the part of the work that an initiative is in.
type Stage string

// Stages.
const (
	StageCommission Stage = "commission"
	StageDesign     Stage = "design"
	StageDeliver    Stage = "deliver"
	StageAssess     Stage = "assess"
)

var stages = []Stage{StageCommission, StageDesign, StageDeliver, StageAssess}

// SessionKind is the form of a meeting.
type SessionKind string

// Session kinds.
const (
	SessionMeeting           SessionKind = "meeting"
	SessionPlenary           SessionKind = "plenary"
	SessionWorkingGroup      SessionKind = "working_group"
	SessionFocusGroup        SessionKind = "focus_group"
	SessionReflectiveMeeting SessionKind = "reflective_meeting"
	SessionAssembly          SessionKind = "assembly"
	SessionPublicEvent       SessionKind = "public_event"
)

var sessionKinds = []SessionKind{SessionMeeting, SessionPlenary, SessionWorkingGroup, SessionFocusGroup,
	SessionReflectiveMeeting, SessionAssembly, SessionPublicEvent}

// Constituency is the capacity in which somebody takes part: a code of small letters, digits, - and _.
// A department can extend the known list.
type Constituency string

// The known constituencies.
const (
	ConstituencyUser         Constituency = "user"
	ConstituencyFamily       Constituency = "family"
	ConstituencyPSW          Constituency = "psw"
	ConstituencyProfessional Constituency = "professional"
	ConstituencyDirector     Constituency = "director"
	ConstituencyResearcher   Constituency = "researcher"
	ConstituencyCitizen      Constituency = "citizen"
	ConstituencyAssociation  Constituency = "association"
	ConstituencyInstitution  Constituency = "institution"
)

var constituencies = []Constituency{ConstituencyUser, ConstituencyFamily, ConstituencyPSW, ConstituencyProfessional,
	ConstituencyDirector, ConstituencyResearcher, ConstituencyCitizen, ConstituencyAssociation, ConstituencyInstitution}

// Office is a task that somebody was appointed to in the initiative; it says nothing about votes.
type Office string

// Offices.
const (
	OfficeFacilitator Office = "facilitator"
	OfficeChair       Office = "chair"
	OfficeSpeaker     Office = "speaker"
	OfficeObserver    Office = "observer"
	OfficeCoordinator Office = "coordinator"
	OfficeSecretary   Office = "secretary"
)

var offices = []Office{OfficeFacilitator, OfficeChair, OfficeSpeaker, OfficeObserver, OfficeCoordinator, OfficeSecretary}

// ContributionKind is what a contribution was.
type ContributionKind string

// Contribution kinds.
const (
	ContributionStatement ContributionKind = "statement"
	ContributionQuestion  ContributionKind = "question"
	ContributionProposal  ContributionKind = "proposal"
	ContributionAdvice    ContributionKind = "advice"
	ContributionObjection ContributionKind = "objection"
	ContributionReport    ContributionKind = "report"
)

var contributionKinds = []ContributionKind{ContributionStatement, ContributionQuestion, ContributionProposal,
	ContributionAdvice, ContributionObjection, ContributionReport}

// Reply is how a contribution answers the one that it names.
type Reply string

// Replies.
const (
	ReplyAccepted Reply = "accepted"
	ReplyPartly   Reply = "partly"
	ReplyRefused  Reply = "refused"
)

var replies = []Reply{ReplyAccepted, ReplyPartly, ReplyRefused}

// Method is how a question is decided.
type Method string

// Methods.
const (
	MethodMajority       Method = "majority"
	MethodUnanimity      Method = "unanimity"
	MethodConsent        Method = "consent" // against is a standing reasoned objection
	MethodConsensus      Method = "consensus"
	MethodConstituencies Method = "constituencies"
	MethodSole           Method = "sole" // the holder's ballot decides
)

var methods = []Method{MethodMajority, MethodUnanimity, MethodConsent, MethodConsensus, MethodConstituencies, MethodSole}

// Base is what a majority or a fraction is taken of.
type Base string

// Bases.
const (
	BaseCast    Base = "cast"    // votes for and against
	BasePresent Base = "present" // votes of those present: abstaining works as no
	BaseMembers Base = "members" // all votes: staying away works as no
)

var bases = []Base{BaseCast, BasePresent, BaseMembers}

// Tie is what happens when as many are for as against.
type Tie string

// Ties.
const (
	TieStatusQuo Tie = "status_quo" // not adopted
	TieChair     Tie = "chair"      // the chair casts the deciding vote
	TieDefer     Tie = "defer"      // no decision
)

var ties = []Tie{TieStatusQuo, TieChair, TieDefer}

// Ratification is what a decision needs from somebody outside the electorate.
type Ratification string

// Ratifications.
const (
	RatificationNone     Ratification = "none"
	RatificationLegality Ratification = "legality"
	RatificationMerit    Ratification = "merit"
)

var ratifications = []Ratification{RatificationNone, RatificationLegality, RatificationMerit}

// Standing is what somebody is entitled to in one decision.
type Standing string

// Standings. The last four give a vote.
const (
	StandingNone        Standing = "none"
	StandingInformed    Standing = "informed"
	StandingConsulted   Standing = "consulted"
	StandingBindingVote Standing = "binding_vote"
	StandingConsent     Standing = "consent"
	StandingVeto        Standing = "veto"
	StandingDelegated   Standing = "delegated"
)

var standings = []Standing{StandingNone, StandingInformed, StandingConsulted, StandingBindingVote, StandingConsent,
	StandingVeto, StandingDelegated}

// HasVote reports whether a standing gives a vote.
func (s Standing) HasVote() bool {
	switch s {
	case StandingBindingVote, StandingConsent, StandingVeto, StandingDelegated:
		return true
	case StandingNone, StandingInformed, StandingConsulted:
	}
	return false
}

// Choice is a ballot, or a piece of advice.
type Choice string

// Choices.
const (
	ChoiceFor     Choice = "for"
	ChoiceAgainst Choice = "against"
	ChoiceAbstain Choice = "abstain"
)

var choices = []Choice{ChoiceFor, ChoiceAgainst, ChoiceAbstain}

// Outcome is what the minutes claim where no vote was recorded.
type Outcome string

// Outcomes.
const (
	OutcomeAdopted  Outcome = "adopted"
	OutcomeRejected Outcome = "rejected"
)

var outcomes = []Outcome{OutcomeAdopted, OutcomeRejected}

// ActKind is what became of a decision.
type ActKind string

// Act kinds.
const (
	ActFinalAct                ActKind = "final_act"
	ActDeferred                ActKind = "deferred"
	ActObjectionRaised         ActKind = "objection_raised"
	ActObjectionIntegrated     ActKind = "objection_integrated"
	ActObjectionWithdrawn      ActKind = "objection_withdrawn"
	ActObjectionDismissed      ActKind = "objection_dismissed"
	ActReversed                ActKind = "reversed"
	ActImplementationDue       ActKind = "implementation_due"
	ActImplemented             ActKind = "implemented"
	ActImplementationRefused   ActKind = "implementation_refused"
	ActImplementationExplained ActKind = "implementation_explained"
)

var actKinds = []ActKind{ActFinalAct, ActDeferred, ActObjectionRaised, ActObjectionIntegrated, ActObjectionWithdrawn,
	ActObjectionDismissed, ActReversed, ActImplementationDue, ActImplemented, ActImplementationRefused, ActImplementationExplained}
