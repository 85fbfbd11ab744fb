package clerk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// What the two halves have in common: Watermill's router, a subscriber that hands out one message at a time, and a log without contents.

const (
	// retries is how often a handler is tried again at once, before its message has to wait: enough for a ledger that restarts its connection.
	retries = 2
	// firstRetry is the wait before the first of them; each is twice the one before.
	firstRetry = 200 * time.Millisecond
	// retryWithin is after how long none is begun any more. A request takes at most bus.RequestTimeout, a read as much, so a delivery ends
	// before ackWait.
	retryWithin = 20 * time.Second
	// firstPause and longestPause are the waits of a source that cannot go on; each is twice the one before.
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
)

// Keys of a message's metadata.
const (
	keySubject  = "subject"
	keySequence = "sequence"
)

func newRouter(logger *slog.Logger) (*message.Router, error) {
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeWithin}, routerLog{logger})
	if err != nil {
		return nil, err
	}
	retry := middleware.Retry{
		MaxRetries: retries, InitialInterval: firstRetry, Multiplier: 2, MaxInterval: longestPause, MaxElapsedTime: retryWithin,
		ShouldRetry: func(p middleware.RetryParams) bool {
			var early *earlyError
			return !errors.As(p.Err, &early)
		},
	}
	// The recoverer is the inner one: a panic is an error like any other, and is tried again.
	router.AddMiddleware(retry.Middleware, middleware.Recoverer)
	return router, nil
}

// source gives messages, one after the other. It keeps what it gave until it is told what became of it.
type source interface {
	// next waits for a message, whatever it takes. Its error is that ctx ended.
	next(ctx context.Context) (*message.Message, error)
	// settle says whether the handler has done with the message that next gave last.
	settle(ctx context.Context, done bool)
}

// subscriber makes a Watermill subscriber of a source.
type subscriber struct{ source }

// Subscribe hands out messages until ctx ends. A message's context is that of the subscription, and its handler must heed it.
func (s subscriber) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		for {
			m, err := s.next(ctx)
			if err != nil {
				return
			}
			m.SetContext(ctx)
			out <- m // the router takes messages until the channel is closed
			select {
			case <-m.Acked():
				s.settle(ctx, true)
			case <-m.Nacked():
				s.settle(ctx, false)
			}
		}
	}()
	return out, nil
}

// Close does nothing: a subscription ends with its context.
func (s subscriber) Close() error { return nil }

// pause is a wait that becomes longer each time.
type pause struct{ last time.Duration }

func (p *pause) wait(ctx context.Context) {
	p.last = min(max(firstPause, 2*p.last), longestPause)
	timer := time.NewTimer(p.last)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// routerLog writes what Watermill says. Of its fields only names and counts pass; a message never does, nor what a panic said, which may quote one.
type routerLog struct{ to *slog.Logger }

func (l routerLog) write(level slog.Level, msg string, fields watermill.LogFields, more ...slog.Attr) {
	attrs := more
	for _, name := range []string{"handler_name", "topic", "message_uuid", "count"} {
		if v, ok := fields[name]; ok {
			attrs = append(attrs, slog.Any(name, v))
		}
	}
	l.to.LogAttrs(context.Background(), level, "clerk: watermill: "+msg, attrs...)
}

func (l routerLog) Error(msg string, err error, fields watermill.LogFields) {
	var early *earlyError
	var panicked middleware.RecoveredPanicError
	switch {
	case errors.As(err, &early):
		l.write(slog.LevelDebug, msg, fields, slog.String("error", err.Error()))
	case errors.As(err, &panicked):
		l.write(slog.LevelError, msg, fields, slog.String("panic", fmt.Sprintf("%T", panicked.V)), slog.String("stack", panicked.Stacktrace))
	default:
		l.write(slog.LevelError, msg, fields, slog.Any("error", err))
	}
}

func (l routerLog) Info(msg string, fields watermill.LogFields) {
	l.write(slog.LevelDebug, msg, fields)
}
func (l routerLog) Debug(string, watermill.LogFields)                {}
func (l routerLog) Trace(string, watermill.LogFields)                {}
func (l routerLog) With(watermill.LogFields) watermill.LoggerAdapter { return l }
