package gateway

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway/pages"
)

// The ballot without JavaScript. GET makes a form with the id of a command to come; POST sends that command and goes on to a page that reads back what
// is recorded, so that reloading it casts nothing. A form sent twice is one command. Another site's form is refused at the edge, as every request from
// elsewhere is.

// formBytes bounds a form: it has an id, a pseudonym and a word.
const formBytes = 4 << 10

// ballotsFor asks for what the page of a ballot is made of.
func (g *Gateway) ballotsFor(r *http.Request) (in pages.BallotInput, err error) {
	ctx, c := r.Context(), callerOf(r.Context())
	workspace, id := r.PathValue("workspace"), r.PathValue("decision")
	initiative, _, _ := strings.Cut(id, ":")
	in = pages.BallotInput{Workspace: workspace, Me: c.participantIn(home{workspace, initiative}), Command: func() string { return uuid.Must(uuid.NewV7()).String() }}
	if in.Decision, err = question[*apiv1.DecisionView](ctx, g, c, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: workspace, Decision: id, AtLeastSequence: sequenceIn(r)}); err != nil {
		return in, err
	}
	if in.Initiative, err = question[*apiv1.InitiativeView](ctx, g, c, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: initiative}); err != nil {
		return in, err
	}
	if in.Me == "" {
		return in, nil // whoever has no seat has no ballot
	}
	own, err := question[*apiv1.GetOwnBallotsResponse](ctx, g, c, "DecisionService.GetOwnBallots", &apiv1.GetOwnBallotsRequest{
		Workspace: workspace, Session: id[:max(0, strings.LastIndex(id, ":"))], Participant: in.Me, AtLeastSequence: sequenceIn(r),
	})
	in.Own = own.GetBallots()
	return in, err
}

// ballotPage shows the form.
func (g *Gateway) ballotPage(w http.ResponseWriter, r *http.Request) error {
	in, err := g.ballotsFor(r)
	if err != nil {
		return err
	}
	return g.showBallot(w, r, http.StatusOK, in)
}

func (g *Gateway) showBallot(w http.ResponseWriter, r *http.Request, status int, in pages.BallotInput) error {
	return g.showPage(w, r, status, func(b *bytes.Buffer, f pages.Frame) error { return f.Ballot(b, pages.BallotPage(f.Lang, in)) })
}

// recordedPage reads back what is recorded.
func (g *Gateway) recordedPage(w http.ResponseWriter, r *http.Request) error {
	in, err := g.ballotsFor(r)
	if err != nil {
		return err
	}
	return g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Recorded(lang, in) })
}

// castFromPage takes a form.
func (g *Gateway) castFromPage(w http.ResponseWriter, r *http.Request) error {
	form, err := g.form(w, r)
	if err != nil {
		return err
	}
	in, err := g.ballotsFor(r)
	if err != nil {
		return err
	}
	again := func(status int, problem string) error {
		in.Problem = problem
		return g.showBallot(w, r, status, in)
	}
	lang := pageLanguage(w, r)
	choice, chosen := pages.ChoiceOf(form.Get("choice"))
	id, whole := pages.CommandID(form.Get("command"), form.Get("participant"), form.Get("choice"))
	mine := slices.ContainsFunc(in.Own, func(o *apiv1.OwnBallot) bool {
		return o.Decision == in.Decision.Id && o.Participant == form.Get("participant")
	})
	switch {
	case !chosen:
		return again(http.StatusUnprocessableEntity, pages.Say(lang, "page/choose"))
	case !whole || !mine:
		return again(http.StatusUnprocessableEntity, pages.Say(lang, "page/stale"))
	}
	answer, err := g.command(r.Context(), callerOf(r.Context()), g.methods[aliasOf+"DecisionService.CastBallots"], &commandv1.CastBallots{
		Workspace: in.Workspace, Decision: in.Decision.Id, Ballots: []*eventv1.BallotCast{{Participant: form.Get("participant"), Choice: choice}},
	}, id)
	if err != nil {
		return g.notCast(w, r, in, err)
	}
	receipt, ok := answer.(*commandv1.Receipt)
	if !ok {
		return fmt.Errorf("gateway: a ballot is answered by %T", answer)
	}
	http.Redirect(w, r, (&url.URL{Path: r.URL.Path + "/recorded", RawQuery: "at=" + strconv.FormatUint(receipt.Sequence, 10)}).String(), http.StatusSeeOther)
	return nil
}

// notCast says in a plain sentence why a ballot does not count; a vote that closed meanwhile in one that everybody understands. The vote is read anew, so
// that the page shows it closed.
func (g *Gateway) notCast(w http.ResponseWriter, r *http.Request, in pages.BallotInput, err error) error {
	refusal, lang := g.refusalOf(r.Context(), err), pageLanguage(w, r)
	in.Problem = g.sentence(refusal, lang)
	if refusal.Code == "decision/not-open" {
		in.Problem = pages.Say(lang, "page/late")
	}
	if now, failed := g.ballotsFor(r); failed == nil {
		now.Problem = in.Problem
		in = now
	}
	w.Header().Set(headerCode, refusal.Code)
	return g.showBallot(w, r, http.StatusConflict, in)
}

// form reads a form of a page of ours.
func (g *Gateway) form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, decider.Refuse("gateway/content-type")
	}
	data, err := g.edge.read(w, r, formBytes, g.limits.bodyWithin)
	if err != nil {
		w.Header().Set("Connection", "close") // the rest of the body is not waited for
		return nil, err
	}
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, decider.Refuse("gateway/unreadable", "encoding", "form")
	}
	return form, nil
}
