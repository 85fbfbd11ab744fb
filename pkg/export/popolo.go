package export

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"tavolo/pkg/domain/disclosure"
)

// This chapter writes Popolo JSON, which parliamentary monitors read: organisations, sessions as events, questions as motions, votes as vote events.
//
// group_results say how each constituency voted, which is what shows whether the users' votes changed the outcome; they are there only where the
// tallies may be told (disclosure.Vote), and so are the counts. No person is in it: ballots of persons never leave a workspace this way.

// Vote is one closed decision as it may be published.
type Vote struct {
	// Workspace, Initiative; Session and Decision are full ids.
	Workspace, Initiative, Session, Decision string
	// Question in words, empty when it must not be published.
	Question string
	// Rule is the method in a word: majority, consent …
	Rule string
	// Outcome is adopted, rejected or no_decision.
	Outcome        string
	Opened, Closed time.Time
	// Role of the users in the strict view, and why.
	Role, Reason string
	// Told are the counts that may be told.
	Told disclosure.Figures
}

// Published is what one Popolo file holds.
type Published struct {
	// Departments by workspace, with their names.
	Departments map[string]string
	Votes       []Vote
}

type popoloFile struct {
	Organizations []popoloOrganization `json:"organizations"`
	Events        []popoloEvent        `json:"events"`
	Motions       []popoloMotion       `json:"motions"`
	VoteEvents    []popoloVoteEvent    `json:"vote_events"`
}

type popoloOrganization struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Classification string `json:"classification"`
	ParentID       string `json:"parent_id,omitempty"`
}

type popoloEvent struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Classification string `json:"classification"`
	OrganizationID string `json:"organization_id"`
	StartDate      string `json:"start_date"`
}

type popoloMotion struct {
	ID                   string   `json:"id"`
	OrganizationID       string   `json:"organization_id"`
	LegislativeSessionID string   `json:"legislative_session_id"`
	Text                 string   `json:"text,omitempty"`
	Date                 string   `json:"date"`
	Requirement          string   `json:"requirement,omitempty"`
	Result               string   `json:"result"`
	VoteEvents           []string `json:"vote_event_ids"`
}

type popoloVoteEvent struct {
	ID                   string              `json:"id"`
	MotionID             string              `json:"motion_id"`
	OrganizationID       string              `json:"organization_id"`
	LegislativeSessionID string              `json:"legislative_session_id"`
	StartDate            string              `json:"start_date"`
	EndDate              string              `json:"end_date"`
	Result               string              `json:"result"`
	GroupResults         []popoloGroupResult `json:"group_results"`
	Counts               []popoloCount       `json:"counts"`
	// UserRole is an extension: the role of the users and why.
	UserRole popoloRole `json:"tavolo:user_role"`
}

type popoloGroupResult struct {
	GroupID string `json:"group_id"`
	Value   string `json:"value"`
}

type popoloCount struct {
	Option  string `json:"option"`
	Value   int    `json:"value"`
	GroupID string `json:"group_id,omitempty"`
}

type popoloRole struct {
	Role   string `json:"role"`
	Reason string `json:"reason"`
}

// results of Popolo.
var results = map[string]string{"adopted": "pass", "rejected": "fail"}

// WritePopolo writes votes in the order of their close.
func WritePopolo(w io.Writer, p *Published) error {
	f := popoloFile{Organizations: []popoloOrganization{}, Events: []popoloEvent{}, Motions: []popoloMotion{}, VoteEvents: []popoloVoteEvent{}}
	organizations, events := map[string]popoloOrganization{}, map[string]popoloEvent{}
	votes := slices.Clone(p.Votes)
	slices.SortStableFunc(votes, func(a, b Vote) int {
		return cmp.Or(a.Closed.Compare(b.Closed), cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Decision, b.Decision))
	})
	for _, v := range votes {
		home, in := v.Workspace, v.Workspace+"/"+v.Session
		organizations[home] = popoloOrganization{ID: home, Name: cmp.Or(p.Departments[home], home), Classification: "mental_health_department"}
		if e, known := events[in]; !known || moment(v.Opened) < e.StartDate {
			events[in] = popoloEvent{ID: in, Name: v.Session, Classification: "session", OrganizationID: home, StartDate: moment(v.Opened)}
		}
		id, result := v.Workspace+"/"+v.Decision, cmp.Or(results[v.Outcome], v.Outcome)
		f.Motions = append(f.Motions, popoloMotion{ID: id, OrganizationID: home, LegislativeSessionID: in, Text: v.Question, Date: moment(v.Closed), Requirement: v.Rule, Result: result, VoteEvents: []string{id}})
		event := popoloVoteEvent{ID: id, MotionID: id, OrganizationID: home, LegislativeSessionID: in, StartDate: moment(v.Opened), EndDate: moment(v.Closed), Result: result,
			GroupResults: []popoloGroupResult{}, Counts: []popoloCount{}, UserRole: popoloRole{v.Role, v.Reason}}
		event.tallies(&v, organizations)
		f.VoteEvents = append(f.VoteEvents, event)
	}
	f.Organizations, f.Events = inOrder(organizations), inOrder(events)
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(f)
}

// tallies adds what may be told of the ballots.
func (e *popoloVoteEvent) tallies(v *Vote, organizations map[string]popoloOrganization) {
	if v.Told.Tally == nil {
		return
	}
	e.count("", *v.Told.Tally)
	for _, code := range slices.Sorted(maps.Keys(v.Told.Parts)) {
		t, name := v.Told.Parts[code], cmp.Or(code, "undeclared")
		group := v.Workspace + "/constituency/" + name
		organizations[group] = popoloOrganization{ID: group, Name: name, Classification: "constituency", ParentID: v.Workspace}
		value := "split"
		switch {
		case t.For > t.Against:
			value = "approved"
		case t.Against > t.For:
			value = "rejected"
		}
		e.GroupResults = append(e.GroupResults, popoloGroupResult{group, value})
		e.count(group, t)
	}
}

func (e *popoloVoteEvent) count(group string, t disclosure.Tally) {
	e.Counts = append(e.Counts, popoloCount{"yes", t.For, group}, popoloCount{"no", t.Against, group}, popoloCount{"abstain", t.Abstain, group})
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func inOrder[T any](by map[string]T) []T {
	out := []T{}
	var ids []string
	for id := range by {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		out = append(out, by[id])
	}
	return out
}
