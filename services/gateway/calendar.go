package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/pages"
)

// calendarEnd is what follows a session's id in the address of its appointment: /v1/workspaces/{workspace}/sessions/{id}.ics. No id has a dot.
const calendarEnd = ".ics"

// orCalendar gives the appointment of a session to who asks for it, and everything else to next: the pattern of the two addresses is one.
func (g *Gateway) orCalendar(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, calendar := strings.CutSuffix(r.PathValue("session"), calendarEnd)
		if !calendar {
			next.ServeHTTP(w, r)
			return
		}
		if err := g.calendar(w, r, r.PathValue("workspace"), id); err != nil {
			g.refuse(w, r, err)
		}
	})
}

// calendar gives a session as an appointment.
//
// Refusal: gateway/no-day (no day is fixed for the session).
func (g *Gateway) calendar(w http.ResponseWriter, r *http.Request, workspace, id string) error {
	v, err := question[*apiv1.SessionView](r.Context(), g, callerOf(r.Context()), "SessionService.GetSession", &apiv1.GetSessionRequest{Workspace: workspace, Session: id})
	if err != nil {
		return err
	}
	address := visitOf(r.Context()).base + (&url.URL{Path: "/w/" + workspace + "/s/" + id}).EscapedPath()
	data, ok := pages.Calendar(workspace, v, address, time.Now())
	if !ok {
		return decider.Refuse("gateway/no-day")
	}
	attach(w, id, "ics")
	writeBytes(w, http.StatusOK, "text/calendar; charset=utf-8", data)
	return nil
}
