package clerk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/decider"
)

// The stream TIMERS: what the clerk must remember between two lives. Message schedules (NATS ADR-51) make the server keep the time.
//
//	timer.at.<workspace>.<decision>    the timer that waits; the server takes it away when it fires
//	timer.due.<workspace>.<decision>   the timer that fired; gone when it is acknowledged
//	timer.position.<workspace>         how far the log has been read
//
// The ids in a log's subjects and in these are the same, so nothing is translated.

const (
	streamTimers    = "TIMERS"
	consumerDue     = "clerk"
	subjectAt       = "timer.at."
	subjectDue      = "timer.due."
	subjectPosition = "timer.position."
)

// Codes of the refusals of this package.
const (
	// CodeTimersDrift: there is a stream TIMERS with other settings than the clerk needs. It is left as it is.
	CodeTimersDrift = "clerk/timers-drift"
	// CodeTimersUnavailable: the server does not answer for the stream of timers, or cannot make it.
	CodeTimersUnavailable = "clerk/timers-unavailable"
	// CodeTimerUnreadable: a due timer is not of this program's making. Argument subject.
	CodeTimerUnreadable = "clerk/timer-unreadable"
)

const (
	// ackWait is after how long a due timer that a clerk took and did not answer is given to another: longer than all attempts of one delivery.
	ackWait = time.Minute
	// waitingMost is how many due timers may wait for another attempt at once. One that always fails must not hold back the others, so this is
	// not 1; that a clerk handles one at a time is up to the clerk.
	waitingMost = 10_000
)

// farthest is the latest deadline that gets a timer: the server counts nanoseconds since 1970 in 63 bits.
var farthest = time.Unix(0, math.MaxInt64)

// timersConfig is what the stream must be. Acknowledged messages go (work queue); those without a consumer stay. A subject has one message, so
// that an opening replaces the timer of the one before.
var timersConfig = jetstream.StreamConfig{
	Name:              streamTimers,
	Subjects:          []string{"timer.>"},
	Retention:         jetstream.WorkQueuePolicy,
	Storage:           jetstream.FileStorage,
	MaxMsgsPerSubject: 1,
	Discard:           jetstream.DiscardOld,
	AllowRollup:       true, // schedules need it
	AllowMsgSchedules: true,
	AllowDirect:       true,
}

// timer is what a timer says of the vote it is for.
type timer struct {
	// workspace and decision are in its subject.
	workspace, decision string
	// Opened is the sequence of the commit that opened the vote. The deadline is read there again when the timer is due.
	Opened uint64 `json:"opened"`
	// Correlation is that of the opening, and becomes that of the closing.
	Correlation string `json:"correlation,omitempty"`
}

func (t timer) name() string { return t.workspace + "." + t.decision }

// id names a timer in the commit that it caused.
func (t timer) id() string { return subjectDue + t.name() + "@" + strconv.FormatUint(t.Opened, 10) }

// readTimer reads a due timer from its message.
func readTimer(subject string, data []byte) (timer, error) {
	var t timer
	var ok bool
	t.workspace, t.decision, ok = strings.Cut(strings.TrimPrefix(subject, subjectDue), ".")
	if !ok || json.Unmarshal(data, &t) != nil || t.Opened == 0 {
		return timer{}, decider.Refuse(CodeTimerUnreadable, "subject", subject)
	}
	return t, nil
}

// position is how far a log has been read: up to and including this commit.
type position struct {
	Seq    uint64 `json:"seq"`
	Commit string `json:"commit"`
}

// timers is the stream.
type timers struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	due    jetstream.Consumer
}

func openTimers(ctx context.Context, nc *nats.Conn) (*timers, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("clerk: %w", err)
	}
	t := &timers{js: js}
	t.stream, err = js.CreateStream(ctx, timersConfig)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // with other settings
		if t.stream, err = js.Stream(ctx, streamTimers); err == nil {
			err = sameTimers(t.stream.CachedInfo().Config)
		}
	}
	if err != nil {
		return nil, timersRefused(err)
	}
	t.due, err = t.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       consumerDue,
		FilterSubject: subjectDue + ">",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: waitingMost,
	})
	if err != nil {
		return nil, timersRefused(err)
	}
	return t, nil
}

// sameTimers refuses a stream that would lose timers or keep what is done with. Its replicas and place are the operator's business.
func sameTimers(c jetstream.StreamConfig) error {
	want := timersConfig
	if slices.Equal(c.Subjects, want.Subjects) && c.Retention == want.Retention && c.Storage == want.Storage && c.Discard == want.Discard &&
		c.MaxMsgsPerSubject == want.MaxMsgsPerSubject && c.AllowMsgSchedules && c.AllowDirect &&
		c.MaxAge == 0 && c.MaxMsgs <= 0 && c.MaxBytes <= 0 && !c.Sealed {
		return nil
	}
	return fmt.Errorf("%w: the stream %s was not made by this program or was changed; delete it while no clerk runs, and it is made anew from the log",
		decider.Refuse(CodeTimersDrift), streamTimers)
}

func timersRefused(err error) error {
	if decider.CodeOf(err) != "" {
		return err
	}
	return fmt.Errorf("%w: look at the server's log and start the clerk again: %w", decider.Refuse(CodeTimersUnavailable), err)
}

// set has a timer fire at a time, soon when that has passed. It replaces the one for the same decision.
func (ts *timers) set(ctx context.Context, t timer, at time.Time) error {
	data, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("clerk: %w", err)
	}
	if epoch := time.Unix(0, 0); at.Before(epoch) { // before 1678 the server's count would run over
		at = epoch
	}
	m := nats.NewMsg(subjectAt + t.name())
	m.Data = data
	// Not the library's WithScheduleAt: it cuts the fraction off and fires up to a second early.
	m.Header.Set(jetstream.ScheduleHeader, "@at "+at.UTC().Format(time.RFC3339Nano))
	m.Header.Set(jetstream.ScheduleTargetHeader, subjectDue+t.name())
	if _, err := ts.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("clerk: timer %s: %w", t.id(), err)
	}
	return nil
}

// keep stores how far a log has been read.
func (ts *timers) keep(ctx context.Context, ws string, p position) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("clerk: %w", err)
	}
	if _, err := ts.js.Publish(ctx, subjectPosition+ws, data); err != nil {
		return fmt.Errorf("clerk: position of %s: %w", ws, err)
	}
	return nil
}

// position gives how far a log has been read; nothing yet, or nothing that can be read, is the beginning.
func (ts *timers) position(ctx context.Context, ws string) (position, error) {
	var p position
	m, err := ts.stream.GetLastMsgForSubject(ctx, subjectPosition+ws)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return p, nil
	case err != nil:
		return p, fmt.Errorf("clerk: position of %s: %w", ws, err)
	case json.Unmarshal(m.Data, &p) != nil:
		return position{}, nil
	}
	return p, nil
}
