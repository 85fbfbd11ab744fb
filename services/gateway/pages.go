package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/catalogue"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/pages"
)

// Pages that need no JavaScript (package pages writes them), asked for on behalf of the caller as every other answer is:
//
//	/w/{workspace}/d/{decision}/page       a decision; without persons for anyone, when its initiative is public
//	/w/{workspace}/d/{decision}/ballot     a ballot: form, and what was recorded (ballotpage.go)
//	/w/{workspace}/s/{session}/minutes     the minutes, and beside them minutes.md, minutes.json and .ics (minutespage.go, calendar.go)
//	/w/{workspace}/report                  a department's report of a period, to print (reportpage.go)
//	/pages                                 which of these there are, ?workspace=&initiative= those of one initiative
//
// The language is that of ?lang=, which is then kept in a cookie; without either that of the browser.

// languageCookie keeps the language that a reader chose, here or in the web client, which reads and writes the same. It says nothing of who the reader is.
const languageCookie = "tavolo-language"

// languageKept is how long, in seconds: a year.
const languageKept = 365 * 24 * 60 * 60

// pageRoutes adds the pages to the addresses.
func (g *Gateway) pageRoutes(mux *http.ServeMux) {
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error, refuse func(http.ResponseWriter, *http.Request, error)) {
		mux.Handle(pattern, g.edge.busy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := g.identify(r, visitOf(r.Context()))
			if err == nil {
				err = h(w, r)
			}
			if err != nil {
				refuse(w, r, err)
			}
		})))
	}
	serve := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		handle(pattern, h, g.refusePage)
	}
	serve("GET /pages", g.indexPage)
	serve("GET /w/{workspace}/d/{decision}/page", g.decisionPage)
	serve("GET /w/{workspace}/d/{decision}/ballot", g.ballotPage)
	serve("POST /w/{workspace}/d/{decision}/ballot", g.castFromPage)
	serve("GET /w/{workspace}/d/{decision}/ballot/recorded", g.recordedPage)
	serve("GET /w/{workspace}/s/{session}/minutes", g.minutesPage)
	handle("GET /v1/workspaces/{workspace}/sessions/{session}/minutes.md", g.minutesMarkdown, g.refuse)
	handle("GET /v1/workspaces/{workspace}/sessions/{session}/minutes.json", g.minutesFile, g.refuse)
	serve("GET /w/{workspace}/report", g.reportPage)
	g.exportRoutes(func(pattern string, h func(http.ResponseWriter, *http.Request) error) { handle(pattern, h, g.refuse) })
	mux.HandleFunc("GET /pages.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		writeBytes(w, http.StatusOK, "text/css; charset=utf-8", pages.Style())
	})
}

// question puts a question of the contract on behalf of a caller.
func question[A proto.Message](ctx context.Context, g *Gateway, c caller, name string, req proto.Message) (answer A, err error) {
	a, err := g.ask(ctx, c, g.methods[aliasOf+name], req)
	if err != nil {
		return answer, err
	}
	answer, ok := a.(A)
	if !ok {
		return answer, errors.New("gateway: " + name + " is answered by something else")
	}
	return answer, nil
}

// unasked puts a question that nobody in particular asks, and gives the answer whole. Only for what a public page is made of, and for the consents of
// others, which minutes honour and do not show.
func unasked[A proto.Message](ctx context.Context, g *Gateway, name string, req proto.Message, answer A) (A, error) {
	return answer, bus.Request(ctx, g.o.Conn, g.methods[aliasOf+name].question, req, answer)
}

// decisionPage shows a decision: to whoever may read it with names as they may see them, to anyone else without persons when the initiative is public.
func (g *Gateway) decisionPage(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r.Context())
	in, err := g.decisionFor(r.Context(), c, r.PathValue("workspace"), r.PathValue("decision"))
	if err != nil || r.URL.Query().Has("public") {
		open, failed := g.decisionForAnyone(r.Context(), r.PathValue("workspace"), r.PathValue("decision"))
		switch {
		case failed == nil:
			in, err = open, nil
		case err == nil:
			err = failed
		}
	}
	if err != nil {
		return err
	}
	return g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Decision(lang, in) })
}

func (g *Gateway) decisionFor(ctx context.Context, c caller, workspace, decision string) (in pages.DecisionInput, err error) {
	initiative, _, _ := strings.Cut(decision, ":")
	in = pages.DecisionInput{Workspace: workspace, Me: c.participantIn(home{workspace, initiative})}
	if in.Decision, err = question[*apiv1.DecisionView](ctx, g, c, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: workspace, Decision: decision}); err != nil {
		return in, err
	}
	if in.Initiative, err = question[*apiv1.InitiativeView](ctx, g, c, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: initiative}); err != nil {
		return in, err
	}
	roles, err := question[*apiv1.ListRolesResponse](ctx, g, c, "RoleService.ListRoles", &apiv1.ListRolesRequest{Workspace: workspace, Decision: decision})
	if err != nil {
		return in, err
	}
	in.Roles = rolesIn(roles)
	return in, nil
}

// decisionForAnyone gives what anyone may read. Whether an initiative is not public or not there is answered alike.
func (g *Gateway) decisionForAnyone(ctx context.Context, workspace, decision string) (in pages.DecisionInput, err error) {
	id, _, _ := strings.Cut(decision, ":")
	in = pages.DecisionInput{Workspace: workspace, Public: true}
	in.Initiative, err = unasked(ctx, g, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: id}, &apiv1.InitiativeView{})
	if err != nil {
		return in, err
	}
	if !in.Initiative.Public {
		return in, decider.Refuse("gateway/not-found")
	}
	if in.Decision, err = unasked(ctx, g, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: workspace, Decision: decision}, &apiv1.DecisionView{}); err != nil {
		return in, err
	}
	roles, err := unasked(ctx, g, "RoleService.ListRoles", &apiv1.ListRolesRequest{Workspace: workspace, Decision: decision}, &apiv1.ListRolesResponse{})
	in.Roles = rolesIn(roles)
	return in, err
}

func rolesIn(all *apiv1.ListRolesResponse) []*apiv1.Judgement {
	if len(all.Decisions) == 0 {
		return nil
	}
	return all.Decisions[0].Roles
}

// indexFew is up to how many initiatives the index shows with all that is in them. Of more it shows the names, each with a page of its own: an evaluator may read
// a thousand.
const indexFew = 3

// indexPage lists the pages that the caller may read, all or of the initiative that the address names.
func (g *Gateway) indexPage(w http.ResponseWriter, r *http.Request) error {
	c, workspace, initiative := callerOf(r.Context()), r.URL.Query().Get("workspace"), r.URL.Query().Get("initiative")
	all, err := question[*apiv1.ListWorkspacesResponse](r.Context(), g, c, "WorkspaceService.ListWorkspaces", &apiv1.ListWorkspacesRequest{})
	if err != nil {
		return err
	}
	number := 0
	for _, ws := range all.Workspaces {
		if initiative != "" {
			ws.Initiatives = slices.DeleteFunc(ws.Initiatives, func(i *apiv1.InitiativeSummary) bool { return ws.Id != workspace || i.Id != initiative })
		}
		number += len(ws.Initiatives)
	}
	if initiative != "" {
		all.Workspaces = slices.DeleteFunc(all.Workspaces, func(ws *apiv1.WorkspaceView) bool { return len(ws.Initiatives) == 0 })
	}
	views := map[string][]*apiv1.InitiativeView{}
	for _, ws := range all.Workspaces {
		for _, i := range ws.Initiatives {
			if number > indexFew {
				continue
			}
			view, err := question[*apiv1.InitiativeView](r.Context(), g, c, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: ws.Id, Initiative: i.Id})
			if decider.CodeOf(err) == "gateway/not-permitted" {
				continue // of another group
			}
			if err != nil {
				return err
			}
			views[ws.Id] = append(views[ws.Id], view)
		}
	}
	return g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Index(lang, all.Workspaces, views, number > indexFew) })
}

// showDoc writes a document as a page in the reader's language.
func (g *Gateway) showDoc(w http.ResponseWriter, r *http.Request, status int, doc func(lang string) pages.Doc) error {
	lang := pageLanguage(w, r)
	return g.showPage(w, r, status, func(b *bytes.Buffer, f pages.Frame) error { return f.HTML(b, doc(lang)) })
}

func (g *Gateway) showPage(w http.ResponseWriter, r *http.Request, status int, write func(*bytes.Buffer, pages.Frame) error) error {
	here := &url.URL{Path: r.URL.Path}
	if r.Method == http.MethodGet {
		here.RawQuery = r.URL.RawQuery
	}
	f := pages.Frame{Lang: pageLanguage(w, r), Here: here, Style: g.o.Style}
	var b bytes.Buffer
	if err := write(&b, f); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Language", f.Lang)
	h.Set("Vary", "Accept-Language, Cookie")
	// A form that is sent without any referrer says that it comes from nowhere, and is then not told from one on a page elsewhere.
	h.Set("Referrer-Policy", "same-origin")
	writeBytes(w, status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// refusePage says on a page why there is none.
func (g *Gateway) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	refusal := g.refusalOf(r.Context(), err)
	m := meaningOf(refusal.Code)
	status := m.status
	if status == 0 {
		status = httpStatus[m.code]
	}
	w.Header().Set(headerCode, refusal.Code)
	failed := g.showDoc(w, r, status, func(lang string) pages.Doc { return pages.Problem(lang, g.sentence(refusal, lang)) })
	if failed != nil {
		g.refuse(w, r, err)
	}
}

// pageLanguage reads the language of a page, and keeps one that was just chosen where the client finds it and can keep another.
func pageLanguage(w http.ResponseWriter, r *http.Request) string {
	known := catalogue.Languages()
	if chosen := r.URL.Query().Get("lang"); slices.Contains(known, chosen) {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: chosen, Path: "/", MaxAge: languageKept, SameSite: http.SameSiteLaxMode, Secure: visitOf(r.Context()).secure})
		return chosen
	}
	if kept, err := r.Cookie(languageCookie); err == nil && slices.Contains(known, kept.Value) {
		return kept.Value
	}
	return language(r.Header)
}

// sequenceIn reads ?at=, the sequence that a page waits for. What is no number is no wish.
func sequenceIn(r *http.Request) uint64 {
	n, err := strconv.ParseUint(r.URL.Query().Get("at"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
