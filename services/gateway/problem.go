package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/structpb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// What a client is told when something is refused or fails: a Connect code (and its HTTP status) for programs that know Connect, the stable code in
// the header Tavolo-Code and in the detail for those that know Tavolo, and one sentence in the reader's language for people. Nothing else of an error
// leaves the house.

const (
	headerCode        = "Tavolo-Code"
	headerCorrelation = "Tavolo-Correlation"
	// codeInternal is for whatever should not have happened.
	codeInternal = "gateway/internal"
)

// meaning is what a stable code means to a program that does not know it.
type meaning struct {
	code connect.Code
	// status is the HTTP status of an answer that is not Connect's, when it says more than the code's own.
	status int
}

// meanings of the codes that their form does not tell: those of the gateway and the bus.
var meanings = map[string]meaning{
	bus.CodeUnavailable:              {connect.CodeUnavailable, 0},
	bus.CodeTimeout:                  {connect.CodeDeadlineExceeded, 0},
	bus.CodeInternal:                 {connect.CodeInternal, 0},
	bus.CodeTooLarge:                 {connect.CodeResourceExhausted, http.StatusRequestEntityTooLarge},
	codeInternal:                     {connect.CodeInternal, 0},
	"gateway/busy":                   {connect.CodeUnavailable, 0},
	"gateway/exports-busy":           {connect.CodeUnavailable, 0},
	"gateway/stopping":               {connect.CodeUnavailable, 0},
	"gateway/too-fast":               {connect.CodeResourceExhausted, 0},
	"gateway/too-large":              {connect.CodeResourceExhausted, http.StatusRequestEntityTooLarge},
	"gateway/too-slow":               {connect.CodeDeadlineExceeded, http.StatusRequestTimeout},
	"gateway/too-many-subscriptions": {connect.CodeResourceExhausted, 0},
	"gateway/too-many-sockets":       {connect.CodeResourceExhausted, 0},
	"gateway/not-found":              {connect.CodeNotFound, 0},
	"gateway/no-day":                 {connect.CodeNotFound, 0},
	"eventlog/unknown-workspace":     {connect.CodeNotFound, 0},
	"gateway/method-not-allowed":     {connect.CodeUnimplemented, http.StatusMethodNotAllowed},
	"gateway/no-import":              {connect.CodeUnimplemented, 0},
	"gateway/content-type":           {connect.CodeInvalidArgument, http.StatusUnsupportedMediaType},
	"gateway/not-a-socket":           {connect.CodeInvalidArgument, http.StatusUpgradeRequired},
	"gateway/wrong-host":             {connect.CodePermissionDenied, http.StatusMisdirectedRequest},
	"gateway/cross-origin":           {connect.CodePermissionDenied, 0},
	"gateway/not-permitted":          {connect.CodePermissionDenied, 0},
	"gateway/for-oneself":            {connect.CodePermissionDenied, 0},
	"gateway/without-seat":           {connect.CodePermissionDenied, 0},
	"account/signed-out":             {connect.CodeUnauthenticated, 0},
	"account/token-unknown":          {connect.CodeUnauthenticated, 0},
	"account/too-many-tries":         {connect.CodeResourceExhausted, 0},
	"account/invitation-unknown":     {connect.CodeNotFound, 0},
	"account/person-unknown":         {connect.CodeNotFound, 0},
	"account/device-unknown":         {connect.CodeNotFound, 0},
	"account/shut-out":               {connect.CodePermissionDenied, 0},
	"account/grant-beyond-own":       {connect.CodePermissionDenied, 0},
	"account/name-too-long":          {connect.CodeInvalidArgument, 0},
	"account/hours-out-of-range":     {connect.CodeInvalidArgument, 0},
	"feeds/token-missing":            {connect.CodeUnauthenticated, 0},
	"feeds/token-unknown":            {connect.CodeUnauthenticated, 0},
	"feeds/token-revoked":            {connect.CodePermissionDenied, 0},
	"feeds/token-expired":            {connect.CodePermissionDenied, 0},
	"feeds/too-fast":                 {connect.CodeResourceExhausted, 0},
	"feeds/too-many-streams":         {connect.CodeResourceExhausted, 0},
	"feeds/not-ready":                {connect.CodeUnavailable, 0},
	"feeds/label-too-long":           {connect.CodeInvalidArgument, 0},
	"feeds/days-out-of-range":        {connect.CodeInvalidArgument, 0},
	"feeds/scope-too-large":          {connect.CodeInvalidArgument, 0},
	"feeds/webhook-url":              {connect.CodeInvalidArgument, 0},
	"feeds/webhook-address":          {connect.CodeInvalidArgument, 0},
	"feeds/replay-too-many":          {connect.CodeInvalidArgument, 0},
}

// meaningOf reads a code: the table first, then the form that codes of one kind share. What is left was right in form and came at the wrong moment.
func meaningOf(code string) meaning {
	if m, ok := meanings[code]; ok {
		return m
	}
	area, what, _ := strings.Cut(code, "/")
	switch {
	case what == "unknown":
		return meaning{code: connect.CodeNotFound}
	case what == "conflict":
		return meaning{code: connect.CodeAborted}
	case slices.Contains([]string{"command", "query", "id", "minutes", "gateway"}, area),
		strings.Contains(what, "-without-"), strings.HasSuffix(what, "-missing"), strings.HasSuffix(what, "malformed"):
		return meaning{code: connect.CodeInvalidArgument}
	default:
		return meaning{code: connect.CodeFailedPrecondition}
	}
}

// httpStatus is the status that the Connect protocol gives a code.
var httpStatus = map[connect.Code]int{
	connect.CodeInvalidArgument:    http.StatusBadRequest,
	connect.CodeFailedPrecondition: http.StatusBadRequest,
	connect.CodeNotFound:           http.StatusNotFound,
	connect.CodeAborted:            http.StatusConflict,
	connect.CodePermissionDenied:   http.StatusForbidden,
	connect.CodeUnauthenticated:    http.StatusUnauthorized,
	connect.CodeResourceExhausted:  http.StatusTooManyRequests,
	connect.CodeUnimplemented:      http.StatusNotImplemented,
	connect.CodeInternal:           http.StatusInternalServerError,
	connect.CodeUnavailable:        http.StatusServiceUnavailable,
	connect.CodeDeadlineExceeded:   http.StatusGatewayTimeout,
}

// refusalOf finds what may be told of an error: the refusal in its chain, or that something went wrong inside, which the log then has.
func (g *Gateway) refusalOf(ctx context.Context, err error) *decider.Refusal {
	var r *decider.Refusal
	if errors.As(err, &r) {
		return r
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return decider.Refuse(bus.CodeTimeout, "service", bus.Gateway)
	}
	g.o.Logger.Error("gateway: request failed", "correlation", bus.Correlation(ctx), "error", err)
	return decider.Refuse(codeInternal)
}

// sentence is what people read for a refusal.
func (g *Gateway) sentence(r *decider.Refusal, lang string) string {
	if s := g.o.Sentence(r.Code, lang, maps.Clone(r.Args)); s != "" {
		return s
	}
	return r.Code
}

// explain turns an error into the one that Connect sends.
func (g *Gateway) explain(ctx context.Context, h http.Header, err error) *connect.Error {
	r, lang := g.refusalOf(ctx, err), language(h)
	e := connect.NewError(meaningOf(r.Code).code, errors.New(g.sentence(r, lang)))
	e.Meta().Set(headerCode, r.Code)
	e.Meta().Set("Content-Language", lang)
	if d, err := detail(r); err == nil {
		e.AddDetail(d)
	}
	return e
}

// detail repeats code and arguments in the body, for who sees no headers.
func detail(r *decider.Refusal) (*connect.ErrorDetail, error) {
	args := map[string]any{}
	for k, v := range r.Args {
		args[k] = v
	}
	s, err := structpb.NewStruct(map[string]any{"code": r.Code, "args": args})
	if err != nil {
		return nil, err
	}
	return connect.NewErrorDetail(s)
}

// refuse answers a request outside Connect, in the same form.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	type wireDetail struct {
		Type  string          `json:"type"`
		Value string          `json:"value"`
		Debug json.RawMessage `json:"debug,omitempty"`
	}
	type wire struct {
		Code    string       `json:"code"`
		Message string       `json:"message"`
		Details []wireDetail `json:"details"`
	}
	e := g.explain(r.Context(), r.Header, err)
	body := wire{Code: e.Code().String(), Message: e.Message()}
	for _, d := range e.Details() {
		debug := json.RawMessage(nil)
		if m, err := d.Value(); err == nil {
			debug, _ = toJSON(m) // left out when it cannot be written: value says the same
		}
		body.Details = append(body.Details, wireDetail{d.Type(), base64.RawStdEncoding.EncodeToString(d.Bytes()), debug})
	}
	maps.Copy(w.Header(), e.Meta())
	status := meaningOf(e.Meta().Get(headerCode)).status
	if status == 0 {
		status = httpStatus[e.Code()]
	}
	writeJSON(w, status, body)
}

// languages that sentences are written in; the first is spoken to who asks for neither.
var languages = []string{"it", "en"}

// language reads Accept-Language: of the languages that we speak the one that the reader likes best, the earlier one of two liked the same.
func language(h http.Header) string {
	best, liking := languages[0], 0.0
	for _, item := range strings.Split(h.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(item, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		}
		main, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if slices.Contains(languages, main) && q > liking {
			best, liking = main, q
		}
	}
	return best
}
