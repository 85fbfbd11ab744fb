package projection

import (
	"context"
	"errors"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
)

// What goes through Watermill's router: messages without a payload that carry a batch, and the words it logs, from which contents are kept out.

// batch is what one message carries.
type batch struct {
	commits []eventlog.Recorded
	failed  error // why the handler did not take it; read after the message is nacked
}

type batchKey struct{}

func carried(m *message.Message) *batch { return m.Context().Value(batchKey{}).(*batch) }

// hand sends commits through the router and waits for what becomes of them. Its error is the handler's.
func hand(ctx context.Context, out chan<- *message.Message, commits []eventlog.Recorded) error {
	b := &batch{commits: commits}
	m := message.NewMessage("", nil)
	m.SetContext(context.WithValue(ctx, batchKey{}, b))
	select {
	case out <- m:
	case <-ctx.Done():
		return ctx.Err()
	}
	// The handler heeds ctx, so it is waited for: its transaction has ended when this returns.
	select {
	case <-m.Acked():
		return nil
	case <-m.Nacked():
		return b.failed
	}
}

// keepCause is the outermost middleware. The router tells a subscriber that a message failed but not why, and would log all of the error.
func keepCause(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		out, err := next(m)
		if err != nil {
			b := carried(m)
			if b.failed = err; decider.CodeOf(err) == "" { // a fault of this package, caught by Recoverer
				b.failed = decider.Refuse(CodePoisoned, "seq", number(b.commits[0].Seq))
			}
			err = errFailed
		}
		return out, err
	}
}

// errFailed stands for every error in what the router logs.
var errFailed = errors.New("not folded in; the follower says why")

// routerLog writes what Watermill says. Of its fields only names and counts pass; a message never does. Its errors are told again, with their
// codes, by the follower, so they are not errors here.
type routerLog struct{ to *slog.Logger }

func (l routerLog) write(level slog.Level, msg string, fields watermill.LogFields) {
	if !l.to.Enabled(context.Background(), level) {
		return
	}
	var attrs []slog.Attr
	for _, name := range []string{"handler_name", "topic", "count"} {
		if v, ok := fields[name]; ok {
			attrs = append(attrs, slog.Any(name, v))
		}
	}
	l.to.LogAttrs(context.Background(), level, "watermill: "+msg, attrs...)
}

func (l routerLog) Error(msg string, _ error, fields watermill.LogFields) {
	l.write(slog.LevelWarn, msg, fields)
}
func (l routerLog) Info(msg string, fields watermill.LogFields) {
	l.write(slog.LevelDebug, msg, fields)
}
func (l routerLog) Debug(string, watermill.LogFields)                {}
func (l routerLog) Trace(string, watermill.LogFields)                {}
func (l routerLog) With(watermill.LogFields) watermill.LoggerAdapter { return l }
