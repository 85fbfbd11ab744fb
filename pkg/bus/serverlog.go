package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// serverLog passes the embedded server's warnings and errors to slog. Debugging and tracing lines, which hold payloads, are off and dropped.
type serverLog struct {
	broken chan<- error // the first write that the disk refused
	fatal  chan<- error // what made the server give up while it started
}

const (
	// plaintextWarning is the one warning that says nothing here: the passwords are random, of this run, and never leave the process.
	plaintextWarning = "Plaintext passwords detected"
	// writeError is in every line with which nats-server 2.15 says that a disk refused a write. It tells the publisher nothing at all, so this
	// line is the only sign (tested by a process that may not grow its files).
	writeError = "ritical write error"
)

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}

func (l *serverLog) Warnf(format string, args ...any) {
	if !strings.HasPrefix(format, plaintextWarning) {
		slog.Warn("nats-server", "said", fmt.Sprintf(format, args...))
	}
}

func (l *serverLog) Errorf(format string, args ...any) {
	said := fmt.Sprintf(format, args...)
	slog.Error("nats-server", "said", said)
	if strings.Contains(said, writeError) {
		first(l.broken, said)
	}
}

func (l *serverLog) Fatalf(format string, args ...any) {
	said := fmt.Sprintf(format, args...)
	slog.Error("nats-server", "said", said)
	first(l.fatal, said)
}

// first keeps the first of several errors for whoever asks.
func first(into chan<- error, said string) {
	select {
	case into <- errors.New(said):
	default:
	}
}
