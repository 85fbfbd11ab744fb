package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"tavolo/pkg/decider"
)

// Serving requests over the NATS micro framework, which gives discovery, statistics and queue groups. The framework runs an endpoint's requests one
// after the other; here each runs in a goroutine of its own, because the ledger becomes fast only when commands wait for the disk together.

const (
	// Concurrency is how many requests one Serve works on at once; the next wait in order. It is above the 64 clients that the log groups for, and
	// bounds memory to that many requests of at most MaxPayload.
	Concurrency = 128
	// waitingMessages is how many requests may wait per endpoint. Beyond it they are dropped and their askers time out: a queue that cannot be
	// served within RequestTimeout serves nobody.
	waitingMessages = 4096
	// waitingBytes is the same limit in bytes.
	waitingBytes = 64 << 20
)

// Handler answers one request. ctx ends when the asker stops waiting; it carries the request's Correlation and Subject. A *decider.Refusal in the
// chain of the error travels to the asker; any other error is logged here and travels as CodeInternal.
type Handler func(ctx context.Context, data []byte) ([]byte, error)

type subjectKey struct{}

// Subject gives the subject of the request that a Handler works on: the workspace is in it.
func Subject(ctx context.Context) string {
	s, _ := ctx.Value(subjectKey{}).(string)
	return s
}

// Serve answers the subjects in endpoints (wildcards allowed) as the service name, in the queue group of that name: of several instances one gets
// each request. version is a semantic version, for discovery.
//
// stop ends it: new requests are refused as CodeUnavailable, those under way are answered first. Calling it again is ok.
//
// A handler that panics is answered as CodeInternal and logged without the request. A request whose answer would not go to an inbox is dropped:
// else an asker could have this service publish, with this service's rights, wherever the asker may not.
func Serve(nc *nats.Conn, name, version string, endpoints map[string]Handler) (stop func(), err error) {
	s := &serving{nc: nc, name: name, slots: make(chan struct{}, Concurrency)}
	if s.micro, err = micro.AddService(nc, micro.Config{Name: name, Version: version, QueueGroup: name}); err != nil {
		return nil, fmt.Errorf("bus: serve %s: %w", name, err)
	}
	for _, subject := range slices.Sorted(maps.Keys(endpoints)) {
		h := endpoints[subject]
		err := s.micro.AddEndpoint(endpointName(subject), micro.HandlerFunc(func(r micro.Request) { s.take(r, h) }),
			micro.WithEndpointSubject(subject), micro.WithEndpointPendingLimits(waitingMessages, waitingBytes))
		if err != nil {
			_ = s.micro.Stop()
			return nil, fmt.Errorf("bus: serve %s on %s: %w", name, subject, err)
		}
	}
	if err := nc.Flush(); err != nil { // the server knows the subscriptions from here on
		_ = s.micro.Stop()
		return nil, fmt.Errorf("bus: serve %s: %w", name, err)
	}
	return s.stop, nil
}

// endpointName makes a name that the framework takes out of a subject: cmd.* becomes cmd-any.
func endpointName(subject string) string {
	return strings.NewReplacer(".", "-", "*", "any", ">", "all").Replace(subject)
}

type serving struct {
	nc    *nats.Conn
	name  string
	micro micro.Service
	slots chan struct{} // one per request under way

	mu       sync.Mutex // guards stopping, and its order with running.Add
	stopping bool
	running  sync.WaitGroup
}

// take starts a request, waiting for a free slot. Waiting here holds back the endpoint's other requests, which is the queue.
func (s *serving) take(r micro.Request, h Handler) {
	if !isInbox(r.Reply()) {
		slog.Warn("bus: request without a proper inbox dropped", "service", s.name, "subject", r.Subject())
		return
	}
	s.slots <- struct{}{}
	if !s.begin() {
		<-s.slots
		s.answer(r, nil, decider.Refuse(CodeUnavailable, "service", s.name))
		return
	}
	go func() {
		defer func() { <-s.slots; s.running.Done() }()
		data, err := s.handle(r, h)
		s.answer(r, data, err)
	}()
}

func (s *serving) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.running.Add(1)
	return true
}

func (s *serving) handle(r micro.Request, h Handler) (data []byte, err error) {
	wait := RequestTimeout
	if ms, err := strconv.ParseInt(r.Headers().Get(headerTimeout), 10, 32); err == nil && ms > 0 {
		wait = min(time.Duration(ms)*time.Millisecond, AnswerWithin)
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	ctx = context.WithValue(ctx, subjectKey{}, r.Subject())
	if id := r.Headers().Get(headerCorrelation); id != "" {
		ctx = WithCorrelation(ctx, id)
	}
	defer func() {
		if p := recover(); p != nil {
			// The panic's own text may quote the request, so only its type and the place are logged.
			slog.Error("bus: handler panicked", "service", s.name, "subject", r.Subject(), "correlation", Correlation(ctx),
				"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			data, err = nil, decider.Refuse(CodeInternal, "service", s.name)
		}
	}()
	data, err = h(ctx, r.Data())
	var refusal *decider.Refusal
	switch {
	case err == nil || errors.As(err, &refusal):
		return data, err
	case errors.Is(err, context.DeadlineExceeded):
		return nil, decider.Refuse(CodeTimeout, "service", s.name)
	default:
		slog.Error("bus: handler failed", "service", s.name, "subject", r.Subject(), "correlation", Correlation(ctx), "error", err)
		return nil, decider.Refuse(CodeInternal, "service", s.name)
	}
}

// answer publishes the outcome. It does not use the framework's own Respond, which may not be called once its callback has returned.
func (s *serving) answer(r micro.Request, data []byte, err error) {
	m := nats.NewMsg(r.Reply())
	m.Data = data
	var refusal *decider.Refusal
	if errors.As(err, &refusal) {
		m.Data = nil
		putRefusal(m.Header, refusal)
	}
	err = s.nc.PublishMsg(m)
	if errors.Is(err, nats.ErrMaxPayload) {
		m.Data = nil
		putRefusal(m.Header, decider.Refuse(CodeInternal, "service", s.name))
		err = s.nc.PublishMsg(m)
	}
	if err != nil {
		slog.Error("bus: answer not sent", "service", s.name, "subject", r.Subject(), "error", err)
	}
}

func (s *serving) stop() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	if err := s.micro.Stop(); err != nil {
		slog.Error("bus: stop", "service", s.name, "error", err)
	}
	s.running.Wait()
	_ = s.nc.Flush() // the last answers are with the server; a closed connection has none to send
}

// isInbox says whether a reply subject is where a service waits for answers: its inbox, or the server's stand-in for one in the other account.
func isInbox(reply string) bool {
	if strings.HasPrefix(reply, "_R_.") {
		return true
	}
	rest, ok := strings.CutPrefix(reply, inboxPrefix(""))
	service, _, dotted := strings.Cut(rest, ".")
	_, known := grants[service]
	return ok && dotted && known
}
