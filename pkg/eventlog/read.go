package eventlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// Reading, by the server's batched direct get (NATS ADR-31): one question, many messages, no consumer to keep.

const (
	// readMost and readBytes bound one answer: enough to make the round trip small beside the decoding.
	readMost  = 1000
	readBytes = 4 << 20
	// lagging is how often a reader asks again when a server says that nothing follows where something must: on a cluster another replica answers,
	// and may be behind for a moment.
	lagging = 5
	// errNoMessage is the API's "there is no such message".
	errNoMessage = 10037
)

// Load gives the commits of one aggregate after the sequence `after`, oldest first; after 0 gives all. A caller that keeps an aggregate's state passes the
// sequence of the last commit in it.
//
// Versions must be gapless (CodeVersionGap), also across `after`, whose own commit must still be there (CodeHole). A record that is not understood is
// refused (CodeUnknownEvent). No commits is no error; no log is (CodeNoWorkspace). On a cluster a replica may answer that has not heard of the very last
// commit: who decides on that gets CodeConflict from Append.
func (l *Log) Load(ctx context.Context, workspace, aggregate, id string, after uint64) ([]Recorded, error) {
	switch {
	case !isName(workspace, maxWorkspace, ""):
		return nil, malformed("workspace")
	case !isName(aggregate, maxID, ""):
		return nil, malformed("aggregate")
	case !isName(id, maxID, ":"):
		return nil, malformed("aggregate_id")
	}
	var loaded []Recorded
	version := uint64(0) // of the last commit seen
	q := directGet{Seq: max(1, after), Subject: subjectOf(workspace, aggregate, id), Batch: readMost, MaxBytes: readBytes}
	for more := true; more; {
		var err error
		more, err = l.directGet(ctx, workspace, q, func(seq uint64, subject string, data []byte) error {
			c, err := Decode(subject, data)
			if err != nil {
				return atSeq(seq, err)
			}
			switch {
			case q.Seq == after && seq != after:
				return hole(workspace, after, seq) // the commit that the caller has seen is gone
			case q.Seq == after:
			case c.GetVersion() != version+1:
				return versionGap(c, version+1)
			default:
				loaded = append(loaded, Recorded{seq, c})
			}
			version, q.Seq = c.GetVersion(), seq+1
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if after > 0 && version == 0 {
		return nil, hole(workspace, after, 0)
	}
	return loaded, nil
}

// Read gives every commit of a workspace from sequence `from` (0 counts as 1) up to and including upTo, or to the last one there is when Read starts if upTo
// is 0. It ends with an error at the first hole (CodeHole) and the first record that is not understood (CodeUnknownEvent), and never passes either. A log that ends
// before from-1, or before upTo, has lost commits: that is a hole too.
func (l *Log) Read(ctx context.Context, workspace string, from, upTo uint64) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		last, err := l.Last(ctx, workspace)
		if err != nil {
			yield(Recorded{}, err)
			return
		}
		next := max(1, from)
		if upTo == 0 {
			upTo = last
		}
		if next-1 > last || upTo > last {
			yield(Recorded{}, hole(workspace, max(next-1, upTo), 0))
			return
		}
		if err := l.read(ctx, workspace, next, upTo, yield); err != nil && !errors.Is(err, errStop) {
			yield(Recorded{}, err)
		}
	}
}

// errStop says that the reader wants no more.
var errStop = errors.New("eventlog: stop")

func (l *Log) read(ctx context.Context, workspace string, next, upTo uint64, yield func(Recorded, error) bool) error {
	pause := firstPause
	for silent := 0; next <= upTo; {
		q := directGet{Seq: next, Batch: int(min(readMost, upTo-next+1)), MaxBytes: readBytes}
		_, err := l.directGet(ctx, workspace, q, func(seq uint64, subject string, data []byte) error {
			if seq != next {
				return hole(workspace, next, seq)
			}
			c, err := Decode(subject, data)
			if err != nil {
				return atSeq(seq, err)
			}
			next++
			if !yield(Recorded{seq, c}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil {
			return err
		}
		if next > q.Seq {
			silent = 0
			continue
		}
		if silent++; silent == lagging {
			return hole(workspace, next, 0)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause *= 2
		}
	}
	return nil
}

// directGet is the question: messages of a subject (all when empty) from a sequence on.
type directGet struct {
	Seq      uint64 `json:"seq"`
	Subject  string `json:"next_by_subj,omitempty"`
	Batch    int    `json:"batch"`
	MaxBytes int    `json:"max_bytes"`
}

// directGet asks once and passes on the messages as they come. more says that the server has others after them.
func (l *Log) directGet(ctx context.Context, workspace string, q directGet, take func(seq uint64, subject string, data []byte) error) (more bool, err error) {
	question, err := json.Marshal(q)
	if err != nil {
		return false, fmt.Errorf("eventlog: %w", err)
	}
	answers, err := l.nc.SubscribeSync(l.nc.NewRespInbox())
	if err != nil {
		return false, l.cannot(workspace, err)
	}
	defer func() { _ = answers.Unsubscribe() }() // what still comes is not wanted
	if err := l.nc.PublishRequest(bus.LogAPI+".DIRECT.GET."+Stream(workspace), answers.Subject, question); err != nil {
		return false, l.cannot(workspace, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readWait, errReadWait)
	defer cancel()
	for {
		m, err := answers.NextMsgWithContext(ctx)
		if err != nil {
			return false, l.notRead(ctx, workspace, err)
		}
		switch status := m.Header.Get("Status"); status {
		case "":
			seq, err := strconv.ParseUint(lastValue(m.Header, jetstream.SequenceHeader), 10, 64)
			if err != nil {
				return false, unknownEvent("a message without its sequence")
			}
			if err := take(seq, lastValue(m.Header, jetstream.SubjectHeader), m.Data); err != nil {
				return false, err
			}
		case "204": // the end of this answer
			return m.Header.Get("Nats-Num-Pending") != "0", nil
		case "404": // no message at all
			return false, nil
		default:
			return false, fmt.Errorf("eventlog: the server answered %s %s to a read", status, m.Header.Get("Description"))
		}
	}
}

var errReadWait = errors.New("the server fell silent")

// notRead says why a read ended early. No responders is a stream that is not there, or a server that is not ready.
func (l *Log) notRead(ctx context.Context, workspace string, err error) error {
	if errors.Is(err, nats.ErrNoResponders) {
		if _, e := l.js.Stream(ctx, Stream(workspace)); errors.Is(e, jetstream.ErrStreamNotFound) {
			return decider.Refuse(CodeNoWorkspace, "workspace", workspace)
		}
	}
	if errors.Is(context.Cause(ctx), errReadWait) {
		err = errReadWait
	}
	if ctx.Err() != nil && err != errReadWait {
		return err // the caller's own
	}
	return fmt.Errorf("%w: %w", decider.Refuse(CodeUnavailable, "workspace", workspace), err)
}

// lastValue gives the header that the server added, which comes after any of that name in the stored message.
func lastValue(h nats.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func atSeq(seq uint64, err error) error { return fmt.Errorf("sequence %d: %w", seq, err) }

// stored is a message as the log's leader has it.
type stored struct {
	Subject string `json:"subject"`
	Seq     uint64 `json:"seq"`
	Data    []byte `json:"data"`
	Header  []byte `json:"hdrs"`
}

// id gives the commit id under which a message was stored.
func (s *stored) id() string {
	h, err := nats.DecodeHeadersMsg(s.Header)
	if err != nil {
		return ""
	}
	return h.Get(jetstream.MsgIDHeader)
}

// is says whether the message is exactly this commit.
func (s *stored) is(p *pending) bool { return s.Subject == p.subject && bytes.Equal(s.Data, p.data) }

// following gives the first message of a commit's aggregate after its guard, nil for none. It asks the leader, which knows every acknowledged commit.
func (l *Log) following(ctx context.Context, p *pending) (*stored, error) {
	return l.getMessage(ctx, p.workspace, map[string]any{"seq": p.after + 1, "next_by_subj": p.subject})
}

// at gives the message at a sequence, nil for none, from the leader.
func (l *Log) at(ctx context.Context, workspace string, seq uint64) (*stored, error) {
	return l.getMessage(ctx, workspace, map[string]any{"seq": seq})
}

func (l *Log) getMessage(ctx context.Context, workspace string, question any) (*stored, error) {
	q, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("eventlog: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	r, err := l.nc.RequestWithContext(ctx, bus.LogAPI+".STREAM.MSG.GET."+Stream(workspace), q)
	if err != nil {
		return nil, l.cannot(workspace, err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message *stored             `json:"message"`
	}
	if err := json.Unmarshal(r.Data, &answer); err != nil {
		return nil, fmt.Errorf("eventlog: %w", err)
	}
	switch {
	case answer.Error != nil && answer.Error.ErrorCode == errNoMessage:
		return nil, nil
	case answer.Error != nil:
		return nil, l.cannot(workspace, answer.Error)
	}
	return answer.Message, nil
}
