package gateway

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/pages"
)

// The minutes of a session as they stand in the record now: a page to read and print, and the same as a file.

func (g *Gateway) minutesFor(r *http.Request) (in pages.MinutesInput, err error) {
	ctx, c := r.Context(), callerOf(r.Context())
	workspace, session := r.PathValue("workspace"), r.PathValue("session")
	initiative, _, _ := strings.Cut(session, ":")
	in.Workspace = workspace
	if in.Session, err = question[*apiv1.SessionView](ctx, g, c, "SessionService.GetSession", &apiv1.GetSessionRequest{Workspace: workspace, Session: session, AtLeastSequence: sequenceIn(r)}); err != nil {
		return in, err
	}
	if err := g.whole(ctx, workspace, in.Session); err != nil {
		return in, err
	}
	// The reader may read the session; what others consented to is no business of theirs, and of the minutes it is.
	in.Initiative, err = unasked(ctx, g, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: initiative}, &apiv1.InitiativeView{})
	if err != nil {
		return in, err
	}
	roles, err := question[*apiv1.ListRolesResponse](ctx, g, c, "RoleService.ListRoles", &apiv1.ListRolesRequest{Workspace: workspace, Initiative: initiative, Session: session})
	in.Roles = roles.GetDecisions()
	return in, err
}

// whole puts back what a very long session leaves out of its view, for who may read that: minutes say everything.
func (g *Gateway) whole(ctx context.Context, workspace string, s *apiv1.SessionView) error {
	for _, i := range s.Items {
		if i.EarlierContributions > 0 || slices.ContainsFunc(i.Contributions, (*apiv1.ContributionView).GetTextLeftOut) {
			i.Contributions, i.EarlierContributions = nil, 0
			for from, more := uint32(0), true; more; more = from > 0 {
				page, err := unasked(ctx, g, "ItemService.ListContributions", &apiv1.ListContributionsRequest{Workspace: workspace, Item: i.Id, Session: s.Session.GetId(), From: from}, &apiv1.ListContributionsResponse{})
				if err != nil {
					return err
				}
				i.Contributions, from = append(i.Contributions, page.Contributions...), page.Next
			}
		}
		for at, d := range i.Decisions {
			if !d.Shortened {
				continue
			}
			full, err := unasked(ctx, g, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: workspace, Decision: d.Id}, &apiv1.DecisionView{})
			if err != nil {
				return err
			}
			i.Decisions[at] = full
		}
	}
	return nil
}

func (g *Gateway) minutesPage(w http.ResponseWriter, r *http.Request) error {
	in, err := g.minutesFor(r)
	if err != nil {
		return err
	}
	return g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Minutes(lang, in) })
}

func (g *Gateway) minutesMarkdown(w http.ResponseWriter, r *http.Request) error {
	in, err := g.minutesFor(r)
	if err != nil {
		return err
	}
	lang := pageLanguage(w, r)
	var b bytes.Buffer
	if err := pages.Markdown(&b, pages.Minutes(lang, in)); err != nil {
		return err
	}
	w.Header().Set("Content-Language", lang)
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.Header().Set(headerSequence, strconv.FormatUint(in.Session.Sequence, 10))
	attach(w, r.PathValue("session"), "md")
	writeBytes(w, http.StatusOK, "text/markdown; charset=utf-8", b.Bytes())
	return nil
}

// minutesFile gives the session as a minutes file, tavolo-minutes/1, to keep or to take elsewhere. The views leave out what people refused to have there.
func (g *Gateway) minutesFile(w http.ResponseWriter, r *http.Request) error {
	file, err := question[*apiv1.ExportMinutesResponse](r.Context(), g, callerOf(r.Context()), "MinutesService.ExportMinutes", &apiv1.ExportMinutesRequest{
		Workspace: r.PathValue("workspace"), Session: r.PathValue("session"), AtLeastSequence: sequenceIn(r),
	})
	if err != nil {
		return err
	}
	w.Header().Set(headerSequence, strconv.FormatUint(file.Sequence, 10))
	attach(w, r.PathValue("session"), "json")
	writeBytes(w, http.StatusOK, "application/json", file.File)
	return nil
}

// attach has a browser save a file under the id of the session, which holds letters, digits, - and _ and the colon between its parts.
func attach(w http.ResponseWriter, session, end string) {
	name := strings.Map(func(r rune) rune {
		if r == ':' || r == '"' || r == '\\' || r < ' ' || r > '~' {
			return '-'
		}
		return r
	}, session)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+end+`"`)
}
