package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

const version = "1.0.0"

// serve answers subjects for the length of the test.
func serve(t testing.TB, nc *nats.Conn, service string, endpoints map[string]bus.Handler) (stop func()) {
	t.Helper()
	stop, err := bus.Serve(nc, service, version, endpoints)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return stop
}

// ask asks with a text and gives the text answered.
func ask(ctx context.Context, nc *nats.Conn, subject, text string) (string, error) {
	resp := &wrapperspb.StringValue{}
	err := bus.Request(ctx, nc, subject, wrapperspb.String(text), resp)
	return resp.Value, err
}

func echo(_ context.Context, data []byte) ([]byte, error) { return data, nil }

func answerWith(err error) bus.Handler {
	return func(context.Context, []byte) ([]byte, error) { return nil, err }
}

func TestRequestIsAnsweredAcrossAccounts(t *testing.T) {
	s := start(t, bus.Options{})
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{"cmd.*": echo})
	serve(t, connect(t, s, bus.People), bus.People, map[string]bus.Handler{"people.seal": echo, "people.open": echo, "people.enrol": echo})
	serve(t, connect(t, s, bus.Views), bus.Views, map[string]bus.Handler{"query.*": echo})
	for asker, subjects := range map[string][]string{
		bus.Gateway:  {"cmd.w", "query.roles", "people.seal", "people.open", "people.enrol"},
		bus.Clerk:    {"cmd.w"},
		bus.Views:    {"people.open"},
		bus.Operator: {"cmd.w", "query.why", "people.enrol"},
	} {
		nc := connect(t, s, asker)
		for _, subject := range subjects {
			if got, err := ask(t.Context(), nc, subject, "sì"); got != "sì" || err != nil {
				t.Errorf("%s asks %s: %q, %v", asker, subject, got, err)
			}
		}
	}
}

func TestRefusalCrossesTheWireUnchanged(t *testing.T) {
	s := start(t, bus.Options{})
	refusals := map[string]*decider.Refusal{
		"cmd.plain": decider.Refuse("decision/not-open"),
		"cmd.args":  decider.Refuse("decision/not-open", "decision", "csm-orari:2026-03-05:d1", "odd", "a\r\nNats-Msg-Id: x\n\"è\""),
	}
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(ctx context.Context, _ []byte) ([]byte, error) {
			return []byte("not to be seen"), fmt.Errorf("wrapped: %w", refusals[bus.Subject(ctx)])
		},
	})
	gateway := connect(t, s, bus.Gateway)
	for subject, want := range refusals {
		_, err := ask(t.Context(), gateway, subject, "x")
		var got *decider.Refusal
		if !errors.As(err, &got) || !errors.Is(err, want) || got.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", subject, err, want)
		}
	}
}

func TestOtherErrorsTravelAsInternalOnly(t *testing.T) {
	s := start(t, bus.Options{})
	log := capture(t)
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.fails":   answerWith(errors.New("disk sda1 fell off")),
		"cmd.panics":  func(_ context.Context, data []byte) ([]byte, error) { panic("cannot read " + string(data)) },
		"cmd.expired": answerWith(context.DeadlineExceeded),
	})
	gateway := connect(t, s, bus.Gateway)
	_, err := ask(t.Context(), gateway, "cmd.fails", "x")
	wantCode(t, err, bus.CodeInternal)
	if strings.Contains(err.Error(), "sda1") {
		t.Errorf("the asker learned %v", err)
	}
	_, err = ask(t.Context(), gateway, "cmd.panics", "a secret choice")
	wantCode(t, err, bus.CodeInternal)
	_, err = ask(t.Context(), gateway, "cmd.expired", "x")
	wantCode(t, err, bus.CodeTimeout)
	if said := log.String(); !strings.Contains(said, "sda1") || !strings.Contains(said, "panicked") || strings.Contains(said, "secret") {
		t.Errorf("logged:\n%s", said)
	}
	if got, err := ask(t.Context(), gateway, "cmd.fails", "x"); got != "" || decider.CodeOf(err) != bus.CodeInternal {
		t.Errorf("after a panic the service answers %q, %v", got, err)
	}
}

// At once: who waited in vain would be told of a timeout.
func TestNobodyThereIsSaidAtOnce(t *testing.T) {
	s := start(t, bus.Options{})
	gateway := connect(t, s, bus.Gateway)
	for subject, service := range map[string]string{"cmd.w": bus.Ledger, "query.roles": bus.Views, "people.seal": bus.People} {
		_, err := ask(t.Context(), gateway, subject, "x")
		if want := decider.Refuse(bus.CodeUnavailable, "service", service); !errors.Is(err, want) || !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%s: got %v, want %v", subject, err, want)
		}
	}
	gateway.Close()
	_, err := ask(t.Context(), gateway, "cmd.w", "x")
	wantCode(t, err, bus.CodeUnavailable)
}

func TestNoAnswerInTimeIsATimeout(t *testing.T) {
	const patience = 500 * time.Millisecond // of the asker, and far less than who sets none has
	s := start(t, bus.Options{})
	gone := make(chan error, 1)
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(ctx context.Context, _ []byte) ([]byte, error) {
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > patience { // the handler is told how long the asker waits
				t.Errorf("the handler may work on until %v", deadline)
			}
			<-ctx.Done()
			gone <- ctx.Err()
			return nil, ctx.Err()
		},
	})
	gateway := connect(t, s, bus.Gateway)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := ask(ctx, gateway, "cmd.w", "x")
	wantCode(t, err, bus.CodeTimeout)
	select {
	case err := <-gone:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the handler's context ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the handler works on for an asker who has gone")
	}
}

func TestCancelledRequestSaysBoth(t *testing.T) {
	s := start(t, bus.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(context.Context, []byte) ([]byte, error) { cancel(); <-release; return nil, nil },
	})
	_, err := ask(ctx, connect(t, s, bus.Gateway), "cmd.w", "x")
	close(release)
	wantCode(t, err, bus.CodeTimeout)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say that it was cancelled", err)
	}
}

func TestTooLargeIsRefusedBeforeItIsSent(t *testing.T) {
	s := start(t, bus.Options{})
	log := capture(t)
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.echo": echo,
		"cmd.huge": func(context.Context, []byte) ([]byte, error) { return make([]byte, bus.MaxPayload+1), nil },
	})
	gateway := connect(t, s, bus.Gateway)
	_, err := ask(t.Context(), gateway, "cmd.echo", strings.Repeat("x", bus.MaxPayload))
	wantCode(t, err, bus.CodeTooLarge)
	fits := strings.Repeat("x", bus.MaxPayload-1000)
	if got, err := ask(t.Context(), gateway, "cmd.echo", fits); got != fits || err != nil {
		t.Errorf("just below the limit: %d bytes, %v", len(got), err)
	}
	_, err = ask(t.Context(), gateway, "cmd.huge", "x")
	wantCode(t, err, bus.CodeInternal)
	if said := log.String(); strings.Contains(said, "xxxx") {
		t.Error("a payload was logged")
	}
}

func TestCorrelationAndSubjectReachTheHandler(t *testing.T) {
	s := start(t, bus.Options{})
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(ctx context.Context, _ []byte) ([]byte, error) {
			return proto.Marshal(wrapperspb.String(bus.Subject(ctx) + " " + bus.Correlation(ctx)))
		},
	})
	gateway := connect(t, s, bus.Gateway)
	if got, err := ask(bus.WithCorrelation(t.Context(), "req-1"), gateway, "cmd.dsm-bologna", "x"); got != "cmd.dsm-bologna req-1" || err != nil {
		t.Errorf("the handler saw %q, %v", got, err)
	}
	if got, err := ask(t.Context(), gateway, "cmd.w", "x"); got != "cmd.w " || err != nil {
		t.Errorf("without a correlation the handler saw %q, %v", got, err)
	}
}

// A server that lets answers through for a moment drops what comes later than that; one that does for long lets the same answer through.
func TestSlowAnswerArrivesAndLateOneIsDropped(t *testing.T) {
	const moment = 100 * time.Millisecond
	for _, within := range []time.Duration{time.Minute, moment} {
		bus.ShortenAnswers(t, within)
		s := start(t, bus.Options{})
		log := capture(t)
		slow := func(_ context.Context, data []byte) ([]byte, error) { <-time.After(3 * moment); return data, nil }
		serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{"cmd.*": slow})
		serve(t, connect(t, s, bus.Views), bus.Views, map[string]bus.Handler{"query.*": slow})
		gateway := connect(t, s, bus.Gateway)
		var all sync.WaitGroup
		for _, subject := range []string{"cmd.w", "query.roles"} {
			all.Go(func() {
				if within > moment {
					if got, err := ask(t.Context(), gateway, subject, "x"); got != "x" || err != nil {
						t.Errorf("%s: the slow answer is %q, %v", subject, got, err)
					}
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*moment)
				defer cancel()
				if _, err := ask(ctx, gateway, subject, "x"); decider.CodeOf(err) != bus.CodeTimeout {
					t.Errorf("%s: the late answer is %v", subject, err)
				}
			})
		}
		all.Wait()
		if within == moment {
			waitFor(t, "the server says that it dropped the answers", func() bool { return strings.Contains(log.String(), "Publish Violation") })
		}
	}
}

func TestServiceAnswersAnAskerOnce(t *testing.T) {
	s := start(t, bus.Options{})
	capture(t)
	people := connect(t, s, bus.People)
	asked, err := people.SubscribeSync("people.seal")
	if err != nil {
		t.Fatal(err)
	}
	gateway := connect(t, s, bus.Gateway)
	answers, err := gateway.SubscribeSync(gateway.NewRespInbox())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(people.Flush(), gateway.PublishRequest("people.seal", answers.Subject, nil)); err != nil {
		t.Fatal(err)
	}
	m, err := asked.NextMsg(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Respond([]byte("1")), m.Respond([]byte("2")), people.Flush(), gateway.Flush()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := answers.Pending(); n != 1 || err != nil {
		t.Errorf("%d answers arrived, want 1 (%v)", n, err)
	}
}

// The people service may publish answers. Were it to answer wherever it is told, the gateway could speak as another service.
func TestAnswerGoesToAnInboxOnly(t *testing.T) {
	s := start(t, bus.Options{})
	capture(t)
	handled := make(chan string, 10)
	people := connect(t, s, bus.People)
	serve(t, people, bus.People, map[string]bus.Handler{
		"people.*": func(ctx context.Context, data []byte) ([]byte, error) { handled <- string(data); return data, nil },
	})
	gateway := connect(t, s, bus.Gateway)
	for _, reply := range []string{"changed.w.agenda", "query.roles", "_INBOX.x", "_INBOX_nobody.x", "_INBOX_gateway", "_R_.x"} {
		if err := gateway.PublishRequest("people.seal", reply, []byte(reply)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(gateway.Publish("people.seal", []byte("no reply at all")), gateway.Flush()); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), gateway, "people.seal", ""); err != nil {
		t.Fatal(err)
	}
	if first := <-handled; first != "" || len(handled) > 0 {
		t.Errorf("a request with reply %q was worked on", first)
	}
}

func TestRequestsRunTogetherUpToTheLimit(t *testing.T) {
	s := start(t, bus.Options{})
	var now, most atomic.Int64
	release := make(chan struct{})
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(context.Context, []byte) ([]byte, error) {
			n := now.Add(1)
			defer now.Add(-1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			<-release
			return nil, nil
		},
	})
	free := sync.OnceFunc(func() { close(release) })
	t.Cleanup(free) // before serve's own, which waits for the handlers
	gateway := connect(t, s, bus.Gateway)
	var all sync.WaitGroup
	for range 2 * bus.Concurrency {
		all.Go(func() {
			if _, err := ask(t.Context(), gateway, "cmd.w", ""); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "as many requests under way as may be", func() bool { return now.Load() == bus.Concurrency })
	free()
	all.Wait()
	if got := most.Load(); got != bus.Concurrency {
		t.Errorf("%d at once, want %d", got, bus.Concurrency)
	}
}

func TestStoppingAnswersWhatIsUnderWay(t *testing.T) {
	s := start(t, bus.Options{})
	started, release := make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	stop := serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
		"cmd.*": func(_ context.Context, data []byte) ([]byte, error) {
			close(started)
			<-release
			<-time.After(50 * time.Millisecond) // slow to finish
			finished.Store(true)
			return data, nil
		},
	})
	gateway := connect(t, s, bus.Gateway)
	answer := make(chan error, 1)
	go func() {
		got, err := ask(t.Context(), gateway, "cmd.w", "first")
		if got != "first" && err == nil {
			err = fmt.Errorf("answered %q", got)
		}
		answer <- err
	}()
	<-started
	go func() {
		defer close(release)
		waitFor(t, "a new request to be refused", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := ask(ctx, gateway, "cmd.w", "second")
			return decider.CodeOf(err) == bus.CodeUnavailable
		})
	}()
	stop()
	if !finished.Load() {
		t.Error("it stopped before the request under way was finished")
	}
	if err := <-answer; err != nil {
		t.Errorf("the request under way: %v", err)
	}
}

func TestOneOfSeveralInstancesTakesEachRequest(t *testing.T) {
	s := start(t, bus.Options{})
	var taken [2]atomic.Int64
	for i := range taken {
		serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{
			"cmd.*": func(context.Context, []byte) ([]byte, error) { taken[i].Add(1); return nil, nil },
		})
	}
	gateway := connect(t, s, bus.Gateway)
	const requests = 200
	for range requests {
		if _, err := ask(t.Context(), gateway, "cmd.w", ""); err != nil {
			t.Fatal(err)
		}
	}
	a, b := taken[0].Load(), taken[1].Load()
	if a+b != requests || a == 0 || b == 0 {
		t.Errorf("%d requests were taken %d + %d times", requests, a, b)
	}
}

func TestOperatorFindsTheServices(t *testing.T) {
	s := start(t, bus.Options{})
	serve(t, connect(t, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{"cmd.*": echo})
	serve(t, connect(t, s, bus.Views), bus.Views, map[string]bus.Handler{"query.*": echo})
	operator := connect(t, s, bus.Operator)
	sub, err := operator.SubscribeSync(operator.NewRespInbox())
	if err != nil {
		t.Fatal(err)
	}
	if err := operator.PublishRequest(micro.APIPrefix+".PING", sub.Subject, nil); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for len(found) < 2 {
		m, err := sub.NextMsg(time.Minute)
		if err != nil {
			t.Fatalf("found %v only: %v", found, err)
		}
		for _, service := range []string{bus.Ledger, bus.Views} {
			if strings.Contains(string(m.Data), `"name":"`+service+`"`) {
				found[service] = true
			}
		}
	}
}

func TestServingWhatIsNotASubjectFails(t *testing.T) {
	s := start(t, bus.Options{})
	if _, err := bus.Serve(connect(t, s, bus.Ledger), bus.Ledger, version, map[string]bus.Handler{"cmd w": echo}); err == nil {
		t.Error("a subject with a space was taken")
	}
	if _, err := bus.Serve(connect(t, s, bus.Ledger), bus.Ledger, "one", nil); err == nil {
		t.Error("a version that is none was taken")
	}
}

func BenchmarkRequest(b *testing.B) {
	s := start(b, bus.Options{})
	serve(b, connect(b, s, bus.Ledger), bus.Ledger, map[string]bus.Handler{"cmd.*": echo})
	gateway := connect(b, s, bus.Gateway)
	for b.Loop() {
		if _, err := ask(b.Context(), gateway, "cmd.w", "x"); err != nil {
			b.Fatal(err)
		}
	}
}
