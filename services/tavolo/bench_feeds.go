package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tavolo/pkg/bus"
	commandv1 "tavolo/proto/tavolo/command/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
	"tavolo/services/gateway"
)

// This chapter measures how soon an association hears of a decision: fifty readers of server-sent events follow the real program, a vote closes, and
// the clock runs from the moment when its command is acknowledged until each reader has the entry. In between lie the views' transaction, the durable
// number of the entry, and for each reader a question to feeds. The floor is a loop that writes the same bytes to as many streams.

// followers is how many readers there are.
const followers = 50

func benchFeeds(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "feeds"), Services: allServices, Temporary: true, Listen: "127.0.0.1:0", Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureFeeds(ctx, h, rounds)
	return figures, errors.Join(err, h.close())
}

func measureFeeds(ctx context.Context, h *house, rounds int) ([]figure, error) {
	room, err := openRoom(ctx, h)
	if err != nil {
		return nil, err
	}
	if _, err := room.send(ctx, &commandv1.Command{Of: &commandv1.Command_SetPublication{SetPublication: &commandv1.SetPublication{Workspace: room.workspace, Initiative: "csm-orari", Public: true}}}); err != nil {
		return nil, err
	}
	ours, err := follow50(ctx, "http://"+h.gateway.Addr()+"/v1/feeds/events", func() (string, error) { return benchToken(ctx, h) })
	if err != nil {
		return nil, err
	}
	defer ours.close()
	floor := openStreams()
	defer floor.Close()
	theirs, err := follow50(ctx, floor.URL, func() (string, error) { return "", nil })
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	const released = 4 // decisions in the example minutes
	if _, err := ours.have(released, time.Now()); err != nil {
		return nil, err
	}
	var f, o screenTimes
	for n := range rounds * results {
		acknowledged, err := room.closeQuietly(ctx)
		if err != nil {
			return nil, err
		}
		took, err := ours.have(released+n+1, acknowledged)
		if err != nil {
			return nil, err
		}
		o.add(took)
		began := time.Now()
		floor.write(ours.last())
		if took, err = theirs.have(n+1, began); err != nil {
			return nil, err
		}
		f.add(took)
	}
	what := fmt.Sprintf("a decision at %d readers of events, from the command acknowledged, ", followers)
	return []figure{
		pair(what+"p50", "ms", "", "floor: a loop writing the same bytes to as many streams", f.half, o.half),
		pair(what+"p99", "ms", "", "", f.most, o.most),
	}, nil
}

// benchToken makes a subscription to everything.
func benchToken(ctx context.Context, h *house) (string, error) {
	nc, err := h.dial(bus.Gateway)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	token, hash := gateway.NewInvitation()
	return token, bus.Request(ctx, nc, "feeds.subscribe", &feedv1.SubscribeRequest{Token: hash}, &feedv1.Subscription{})
}

// closeQuietly closes a vote and says when that was acknowledged.
func (r *benchRoom) closeQuietly(ctx context.Context) (acknowledged time.Time, err error) {
	id, _, err := r.openVote(ctx)
	if err != nil {
		return acknowledged, err
	}
	for len(r.announced) > 0 { // nobody waits for them here
		<-r.announced
	}
	time.Sleep(calm)
	_, err = r.send(ctx, &commandv1.Command{Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: r.workspace, Decision: id}}})
	return time.Now(), err
}

// streams are readers of events, and when each got its last.
type streams struct {
	cancel  context.CancelFunc
	reading sync.WaitGroup

	mu    sync.Mutex
	count []int
	at    []time.Time
	event []byte
}

func follow50(ctx context.Context, url string, token func() (string, error)) (*streams, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &streams{cancel: cancel, count: make([]int, followers), at: make([]time.Time, followers)}
	client := &http.Client{Transport: &http.Transport{}}
	for i := range followers {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		secret, err := token()
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("a stream of events: %s", answer.Status)
		}
		s.reading.Go(func() {
			defer func() { _ = answer.Body.Close() }()
			s.read(i, answer.Body)
		})
	}
	return s, nil
}

func (s *streams) read(i int, from io.Reader) {
	lines := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if !bytes.HasPrefix(line, []byte("data: ")) {
			continue
		}
		now := time.Now()
		s.mu.Lock()
		s.count[i]++
		s.at[i] = now
		if i == 0 {
			s.event = line
		}
		s.mu.Unlock()
	}
}

// have waits until every reader has so many events and says how long after an instant each had the last, in ms.
func (s *streams) have(n int, since time.Time) ([]float64, error) {
	took := make([]float64, followers)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		missing := 0
		for i, count := range s.count {
			if count < n {
				missing++
			}
			took[i] = max(0, float64(s.at[i].Sub(since).Microseconds())/1000)
		}
		s.mu.Unlock()
		if missing == 0 {
			return took, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d of %d readers did not get event %d within %s", missing, followers, n, patience)
		}
	}
}

func (s *streams) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.event)
}

func (s *streams) close() {
	s.cancel()
	s.reading.Wait()
}

// streamServer is the floor: it keeps streams and writes to them.
type streamServer struct {
	*httptest.Server
	mu sync.Mutex
	to []http.ResponseWriter
}

func openStreams() *streamServer {
	s := &streamServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush() // a reader that has gone is noticed by who waits for it
		s.mu.Lock()
		s.to = append(s.to, w)
		s.mu.Unlock()
		<-r.Context().Done()
	}))
	return s
}

func (s *streamServer) write(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.to {
		_, _ = io.WriteString(w, strings.TrimRight(event, "\n")+"\n\n")
		_ = http.NewResponseController(w).Flush()
	}
}
