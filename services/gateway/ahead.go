package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/web"
)

// The page of a session brings along what it would ask first: who is here, and the session. On a phone with a poor line that is one wait less before
// the room can be used. Each answer is what the method gives to this person, by the same way; one that is refused, or not there in time, is left out, and
// the page asks for it and is told why.

// aheadWithin is how long a page waits for what it brings along.
const aheadWithin = time.Second

// room serves the page of a session. To nobody it is the page that everybody gets, without asking for anything.
func (g *Gateway) room(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), aheadWithin)
	defer cancel()
	if v := visitOf(ctx); g.identify(r.WithContext(ctx), v) == nil && v.account != "" {
		r = web.WithAnswers(r, g.ahead(ctx, r))
	}
	g.web(w, r)
}

// ahead gives the answers that there are, by the address of the method.
func (g *Gateway) ahead(ctx context.Context, r *http.Request) map[string]json.RawMessage {
	answers := map[string]json.RawMessage{}
	for name, req := range map[string]proto.Message{
		"AccountService.GetMe":      &apiv1.GetMeRequest{},
		"SessionService.GetSession": &apiv1.GetSessionRequest{Workspace: r.PathValue("workspace"), Session: r.PathValue("session")},
	} {
		m := g.methods[aliasOf+name]
		answer, err := g.call(ctx, m, &envelope{Message: req}, "")
		if err != nil {
			continue
		}
		if data, err := toJSON(answer); err == nil {
			answers[m.procedure] = data
		}
	}
	return answers
}
