package role

import (
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
)

// NewCase puts together what the record says of a closed decision: the decision itself, its item, its session. The states hold only what
// had happened by asOf. Capacities are those held when voting opened, for whoever is in the electorate, and those held when they sat down
// for everyone else in the room.
func NewCase(d *decision.State, i *item.State, s *session.State, asOf time.Time) *Case {
	c := &Case{Decision: d, AsOf: asOf}
	if i != nil {
		c.ProposedBy, c.ProposedSeq = i.ProposedBy, i.ProposedSeq
		c.Replies = i.Contributions
		for _, said := range i.Contributions {
			if !said.At.After(d.ClosedAt) {
				c.Contributions = append(c.Contributions, said)
			}
		}
	}
	placed := map[string]bool{}
	if s != nil {
		for _, seat := range s.Seats {
			p := Participant{seat.Participant, seat.Constituency, seat.EmployedByDepartment}
			if e := d.Standing(seat.Participant); e != nil {
				p.Constituency, p.EmployedByDepartment = e.Constituency, e.EmployedByDepartment
			}
			placed[p.ID] = true
			c.Participants = append(c.Participants, p)
		}
	}
	for _, e := range d.Electors {
		if !placed[e.Participant] {
			c.Participants = append(c.Participants, Participant{e.Participant, e.Constituency, e.EmployedByDepartment})
		}
	}
	return c
}
