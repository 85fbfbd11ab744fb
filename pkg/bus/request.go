package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
)

// Requests, and how a refusal travels: the code in the micro framework's error header, the arguments as JSON in a header of ours. Both ends are
// here, so that a *decider.Refusal comes out of Request as it went into a Handler and errors.Is does not see the wire.

const (
	// RequestTimeout is how long Request waits when its context sets no deadline.
	RequestTimeout = 10 * time.Second
	// headerArgs carries a refusal's arguments as a JSON object of strings.
	headerArgs = "Tavolo-Args"
	// headerCorrelation carries the id under which one request is followed through all services.
	headerCorrelation = "Tavolo-Correlation"
	// headerTimeout carries how long the asker still waits, in milliseconds, so that nobody works for somebody who has gone.
	headerTimeout = "Tavolo-Timeout"
)

// Refusals of the bus itself.
const (
	// CodeUnavailable: nobody answers for the service, now. Asking again later is safe. Argument service.
	CodeUnavailable = "bus/unavailable"
	// CodeTimeout: no answer in time. The request may have been carried out. Argument service.
	CodeTimeout = "bus/timeout"
	// CodeInternal: the service failed; its own log says how. Argument service.
	CodeInternal = "bus/internal"
	// CodeTooLarge: the request is larger than MaxPayload. Nothing was sent. Argument service.
	CodeTooLarge = "bus/too-large"
)

type correlationKey struct{}

// WithCorrelation gives a context whose requests carry id, and whose handlers find it with Correlation.
func WithCorrelation(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlationKey{}, id)
}

// Correlation gives the id that WithCorrelation or a request put into ctx, or "".
func Correlation(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}

// Request asks on a subject and waits for the answer, at most until ctx's deadline, RequestTimeout when it has none, AnswerWithin in any case.
//
// A refusal by the service comes back as the *decider.Refusal it was. The bus's own refusals are CodeUnavailable, CodeTimeout, CodeInternal and
// CodeTooLarge. When ctx was cancelled its error is in the chain too. A subject outside the service's grant ends as CodeTimeout, for the server tells
// only the connection's error handler.
func Request(ctx context.Context, nc *nats.Conn, subject string, req, resp proto.Message) error {
	data, err := proto.Marshal(req)
	if err != nil {
		return fmt.Errorf("bus: request %s: %w", subject, err)
	}
	wait := RequestTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(time.Until(deadline), AnswerWithin)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()

	m := nats.NewMsg(subject)
	m.Data = data
	m.Header.Set(headerTimeout, strconv.FormatInt(max(1, wait.Milliseconds()), 10))
	if id := Correlation(ctx); id != "" {
		m.Header.Set(headerCorrelation, id)
	}
	answer, err := nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return requestError(subject, err)
	}
	if code := answer.Header.Get(micro.ErrorCodeHeader); code != "" {
		return refusalOf(code, answer.Header)
	}
	if err := proto.Unmarshal(answer.Data, resp); err != nil {
		return fmt.Errorf("%w: the answer to %s is not a %s", decider.Refuse(CodeInternal, "service", serviceOf(subject)), subject, resp.ProtoReflect().Descriptor().Name())
	}
	return nil
}

func requestError(subject string, err error) error {
	code := CodeUnavailable // nothing was sent: no responders, no connection
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		code = CodeTooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, context.Canceled):
		code = CodeTimeout
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrNoResponders):
	default:
		code = CodeTimeout // unforeseen: do not say that nothing was done
	}
	return fmt.Errorf("%w: %w", decider.Refuse(code, "service", serviceOf(subject)), err)
}

// putRefusal writes a refusal into the headers of an answer. The framework wants a description beside the code; the code is its own.
func putRefusal(h nats.Header, r *decider.Refusal) {
	h.Set(micro.ErrorCodeHeader, r.Code)
	h.Set(micro.ErrorHeader, r.Code)
	if len(r.Args) > 0 {
		args, _ := json.Marshal(r.Args) // a map of strings always marshals
		h.Set(headerArgs, string(args))
	}
}

// refusalOf reads what putRefusal wrote. Arguments that cannot be read are left out: the code alone still says what happened.
func refusalOf(code string, h nats.Header) *decider.Refusal {
	r := &decider.Refusal{Code: code}
	if args := h.Get(headerArgs); args != "" {
		if json.Unmarshal([]byte(args), &r.Args) != nil {
			r.Args = nil
		}
	}
	return r
}
