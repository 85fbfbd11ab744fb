package minutes

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter writes the answer of `tavolo audit` and `tavolo roles` in its public form (AnswerSchema): the same object from the command
// line and from the server.

// Answer is who had which role, in the decisions asked for.
type Answer struct {
	Rules     string           `json:"rules"`
	AsOf      time.Time        `json:"as_of"`
	Decisions []AnswerDecision `json:"decisions"`
}

// AnswerDecision is one decision with everyone's role.
type AnswerDecision struct {
	Department string       `json:"department"`
	Initiative string       `json:"initiative"`
	Session    string       `json:"session"`
	ID         string       `json:"id"`
	Outcome    Outcome      `json:"outcome"`
	ClosedAt   time.Time    `json:"closed_at"`
	Roles      []AnswerRole `json:"roles"`
}

// AnswerRole is the answer for one person or group.
type AnswerRole struct {
	Who            string   `json:"who"`
	Role           string   `json:"role"`
	Rule           uint32   `json:"rule"`
	Reason         string   `json:"reason"`
	RoleAtDecision string   `json:"role_at_decision"`
	Power          string   `json:"power,omitempty"`
	Shapley        string   `json:"shapley,omitempty"`
	Pivotal        any      `json:"pivotal,omitempty"` // true, false or "suppressed"
	Flags          []string `json:"flags"`
	Evidence       []uint64 `json:"evidence"`
}

// AnswerOf takes the API's answer into its public form.
func AnswerOf(r *apiv1.ListRolesResponse) *Answer {
	a := &Answer{Rules: r.Rules, AsOf: r.AsOf.AsTime().UTC().Truncate(time.Second), Decisions: []AnswerDecision{}}
	for _, d := range r.Decisions {
		x := AnswerDecision{Department: d.Workspace, Initiative: d.Initiative, Session: d.Session, ID: d.Id, Outcome: Outcome(Word(d.Outcome)), ClosedAt: d.ClosedAt.AsTime().UTC(), Roles: []AnswerRole{}}
		for _, j := range d.Roles {
			x.Roles = append(x.Roles, RoleOf(j))
		}
		a.Decisions = append(a.Decisions, x)
	}
	return a
}

// RoleOf takes one answer of the API into its public form.
func RoleOf(j *apiv1.Judgement) AnswerRole {
	r := AnswerRole{Who: j.Who, Role: j.Role, Rule: j.Rule, Reason: j.Reason, RoleAtDecision: j.RoleAtDecision, Power: j.Power, Shapley: j.Shapley, Flags: j.Flags, Evidence: j.Evidence}
	switch j.Pivotal {
	case "true":
		r.Pivotal = true
	case "false":
		r.Pivotal = false
	case "":
	default:
		r.Pivotal = j.Pivotal
	}
	if r.Flags == nil {
		r.Flags = []string{}
	}
	if r.Evidence == nil {
		r.Evidence = []uint64{}
	}
	return r
}

// WriteJSON writes the answer as one object.
func (a *Answer) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(a)
}

// WriteCSV writes one line a role, for spreadsheets: UTF-8, comma, a header of the keys of the JSON form.
func (a *Answer) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	lines := [][]string{{"department", "initiative", "session", "decision", "outcome", "closed_at", "who", "role", "rule", "reason", "role_at_decision", "power", "shapley", "pivotal", "flags", "evidence", "as_of", "rules"}}
	for _, d := range a.Decisions {
		for _, r := range d.Roles {
			pivotal := ""
			switch x := r.Pivotal.(type) {
			case bool:
				pivotal = strconv.FormatBool(x)
			case string:
				pivotal = x
			}
			var evidence []string
			for _, s := range r.Evidence {
				evidence = append(evidence, strconv.FormatUint(s, 10))
			}
			lines = append(lines, []string{d.Department, d.Initiative, d.Session, d.ID, string(d.Outcome), d.ClosedAt.Format(time.RFC3339), r.Who, r.Role, strconv.Itoa(int(r.Rule)), r.Reason, r.RoleAtDecision,
				r.Power, r.Shapley, pivotal, strings.Join(r.Flags, " "), strings.Join(evidence, " "), a.AsOf.Format(time.RFC3339), a.Rules})
		}
	}
	if err := c.WriteAll(lines); err != nil {
		return err
	}
	return c.Error()
}
