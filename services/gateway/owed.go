package gateway

import (
	"context"
	"crypto/sha256"
	"regexp"

	"github.com/google/uuid"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/sealing"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// What people has given and the record does not hold yet: a seat with its consents, or a name. It is written by commands of the person concerned, whose
// ids follow from what is owed; so it can be written again after a crash, and counts once.

// pay has the record learn of something owed, and people forget that it was.
func (g *Gateway) pay(ctx context.Context, o *peoplev1.Owed) error {
	batch, err := commandsFor(o, bus.Correlation(ctx))
	if err != nil {
		return err
	}
	if err := sealing.Seal(ctx, g.o.Conn, o.Workspace, batch.Commands...); err != nil {
		return err
	}
	if err := bus.Request(ctx, g.o.Conn, "cmd."+o.Workspace, batch, &commandv1.Receipt{}); err != nil {
		return err
	}
	return g.people(ctx, "paid", &peoplev1.PaidRequest{Owed: o}, &peoplev1.PaidResponse{})
}

// commandsFor writes what is owed as commands: all of it is recorded, or nothing.
func commandsFor(o *peoplev1.Owed, correlation string) (*commandv1.CommandBatch, error) {
	first, err := derived(o.Id, "seat or name")
	if err != nil {
		return nil, err
	}
	actor := &eventv1.Actor{Participant: o.Participant, Capacity: eventv1.Capacity_CAPACITY_PARTICIPANT}
	name := &commandv1.Text{Form: &commandv1.Text_Clear{Clear: o.Name}}
	if o.Ref == "" {
		return &commandv1.CommandBatch{Commands: []*commandv1.Command{{Id: first, Actor: actor, Correlation: correlation, Of: &commandv1.Command_NameParticipant{
			NameParticipant: &commandv1.NameParticipant{Workspace: o.Workspace, Initiative: o.Initiative, Participant: o.Participant, Name: name}}}}}, nil
	}
	batch := &commandv1.CommandBatch{Commands: []*commandv1.Command{{Id: first, Actor: actor, Correlation: correlation, Of: &commandv1.Command_EnrolParticipants{
		EnrolParticipants: &commandv1.EnrolParticipants{Workspace: o.Workspace, Initiative: o.Initiative, Enrolments: []*commandv1.Enrolment{{Participant: o.Participant,
			Ref: &commandv1.Text{Form: &commandv1.Text_Clear{Clear: o.Ref}}, Name: name, Constituency: o.Constituency, EmployedByDepartment: o.EmployedByDepartment}}}}}}}
	var consents []*eventv1.ConsentStated
	for _, code := range o.ConsentsGiven {
		consents = append(consents, &eventv1.ConsentStated{Participant: o.Participant, Consent: code, Version: o.ConsentsVersion, Given: true})
	}
	for _, code := range o.ConsentsRefused {
		consents = append(consents, &eventv1.ConsentStated{Participant: o.Participant, Consent: code, Version: o.ConsentsVersion})
	}
	if len(consents) == 0 {
		return batch, nil
	}
	second, err := derived(o.Id, "consents")
	if err != nil {
		return nil, err
	}
	batch.Commands = append(batch.Commands, &commandv1.Command{Id: second, Actor: actor, Correlation: correlation, Of: &commandv1.Command_StateConsents{
		StateConsents: &commandv1.StateConsents{Workspace: o.Workspace, Initiative: o.Initiative, Participant: o.Participant, Consents: consents}}})
	return batch, nil
}

// derived makes a UUIDv7 that follows from another one: its time, and random bits that are a hash.
func derived(from, what string) (string, error) {
	id, err := uuid.Parse(from)
	if err != nil {
		return "", decider.Refuse(codeInternal)
	}
	sum := sha256.Sum256(append(id[:], what...))
	copy(id[6:], sum[:10])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String(), nil
}

// codeForm is the form of the codes of constituencies and consents.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// checkSeat refuses what the record would refuse of a seat, before anything is kept.
func checkSeat(constituency string, consents []string) error {
	if constituency != "" && !codeForm.MatchString(constituency) {
		return decider.Refuse("initiative/constituency-malformed")
	}
	seen := map[string]bool{}
	for _, code := range consents {
		if seen[code] || !codeForm.MatchString(code) {
			return decider.Refuse("account/consent-malformed")
		}
		seen[code] = true
	}
	return nil
}
