package main

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What people try who want more than is theirs, with every service at home.

// at once runs n things side by side and counts how each ended.
func atOnce(n int, do func(i int) string) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	ended := map[string]int{}
	for i := range n {
		all.Go(func() {
			how := do(i)
			mu.Lock()
			defer mu.Unlock()
			ended[how]++
		})
	}
	all.Wait()
	return ended
}

func TestManyWrongCodesAtOnceAreNoMoreThanOneAfterTheOther(t *testing.T) {
	h, _ := withExample(t)
	const letters = "ABCDEFGHJKMNPQRSTUVWXYZ"
	got := atOnce(120, func(i int) string {
		wrong := "ZZZZ" + string(letters[i/len(letters)]) + string(letters[i%len(letters)])
		return h.browser().ask("AccountService/LookAtInvitation", &apiv1.LookAtInvitationRequest{Secret: wrong}, &apiv1.InvitationView{})
	})
	if n := got["account/invitation-unknown"]; n < 10 || n > 11 || got["account/too-many-tries"] != 120-n { // one may come back meanwhile
		t.Errorf("%v; want ten looked at", got)
	}
}

func TestAnInvitationForThreeLetsThreeIn(t *testing.T) {
	h, giulia := withExample(t)
	made := do[apiv1.InvitationMade](giulia, "AccountService/Invite", &apiv1.InviteRequest{Workspace: dsm, Initiative: orari, Uses: 3})
	got := atOnce(20, func(i int) string {
		return h.browser().ask("AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: fmt.Sprint("P", i), Constituency: "user", Id: newID()}, &apiv1.MeView{})
	})
	if got[""] != 3 || got["account/invitation-ended"] != 17 {
		t.Errorf("%v", got)
	}
}

// Whoever runs one initiative says who may do what there, and not in the others.
func TestWhoRunsOneInitiativeDoesNotReachIntoTheOthers(t *testing.T) {
	h, giulia := withExample(t)
	do[commandv1.Receipt](giulia, "InitiativeService/OpenInitiative", &commandv1.OpenInitiative{Workspace: dsm, Initiative: "altro", Title: clear("Altro")})
	whole := do[apiv1.InvitationMade](giulia, "AccountService/Invite", &apiv1.InviteRequest{Workspace: dsm, Grant: apiv1.Grant_GRANT_FACILITATE})
	carla, bruno := h.browser(), h.browser()
	me := do[apiv1.MeView](carla, "AccountService/Enter", &apiv1.EnterRequest{Secret: whole.Secret, Name: "Carla", Id: newID()})
	bruno.enter(giulia.invite(apiv1.Grant_GRANT_FACILITATE).Secret, "Bruno")
	shut := &apiv1.SetGrantRequest{Workspace: dsm, Initiative: orari, Account: me.Account}
	if code := bruno.ask("AccountService/SetGrant", shut, &apiv1.ListGrantsResponse{}); code != "account/grant-beyond-own" {
		t.Errorf("Bruno, of one initiative, shuts Carla out of all: %q", code)
	}
	if m := do[apiv1.MeView](carla, "AccountService/GetMe", &apiv1.GetMeRequest{}).Memberships; len(m) != 1 || m[0].Grant != apiv1.Grant_GRANT_FACILITATE {
		t.Errorf("Carla belongs to %v", m)
	}
	do[apiv1.ListGrantsResponse](giulia, "AccountService/SetGrant", shut)
	if m := do[apiv1.MeView](carla, "AccountService/GetMe", &apiv1.GetMeRequest{}).Memberships; len(m) != 0 {
		t.Errorf("Giulia shut Carla out, who belongs to %v", m)
	}
}

// Who typed something for somebody else stands in the record; whoever has no seat has no name there.
func TestWhoHasNoSeatWritesNothingInAnothersName(t *testing.T) {
	h, giulia := withExample(t)
	anna := h.browser()
	p := anna.enter(giulia.invite(0).Secret, "Anna").Memberships[0].Participant
	session := orari + ":oggi"
	for method, req := range map[string]proto.Message{
		"SessionService/PrepareSession": &commandv1.PrepareSession{Workspace: dsm, Session: session, Title: clear("Oggi")},
		"ItemService/ProposeItem":       &commandv1.ProposeItem{Workspace: dsm, Item: orari + ":nuovo", Title: clear("Nuovo")},
	} {
		do[commandv1.Receipt](giulia, method, req)
	}
	said := &commandv1.RecordContributions{Workspace: dsm, Item: orari + ":nuovo", Session: session,
		Contributions: []*commandv1.Contribution{{By: p, Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE, Text: clear("Mai detto")}}}
	if code := giulia.ask("ItemService/RecordContributions", said, &commandv1.Receipt{}); code != "gateway/without-seat" {
		t.Errorf("words of Anna by somebody without a seat: %q", code)
	}
	own := do[apiv1.MeView](giulia, "AccountService/BecomeParticipant", &apiv1.BecomeParticipantRequest{Workspace: dsm, Initiative: orari, Constituency: "professional"})
	seat := ""
	for _, m := range own.Memberships {
		seat += m.Participant
	}
	if code := giulia.ask("ItemService/RecordContributions", said, &commandv1.Receipt{}); code == "gateway/without-seat" || seat == "" {
		t.Errorf("with a seat: %q", code)
	}
}
