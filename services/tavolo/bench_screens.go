package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/sealing"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter measures a result on every screen: 2,000 sockets look at one session of the real program, a vote closes, and the clock runs until each
// of them has the outcome. The floor is a loop that writes the same bytes, prepared once, to as many sockets. All of it shares this process and its
// processors: the screens cost as much as what serves them, in both.

const (
	// screens is how many clients look at once.
	screens = 2000
	// results is how many votes are closed per round, and how many frames the floor writes.
	results = 5
	// calm is the time before a result in which nothing happens: longer than the gateway's shortest time between two pushes of a document.
	calm = 50 * time.Millisecond
	// patience is how long all screens may take.
	patience = 30 * time.Second
)

// benchScreens measures a result on every screen.
func benchScreens(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "screens"), Services: allServices, Temporary: true, Listen: "127.0.0.1:0", Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureScreens(ctx, h, rounds)
	return figures, errors.Join(err, h.close())
}

func measureScreens(ctx context.Context, h *house, rounds int) ([]figure, error) {
	room, err := openRoom(ctx, h)
	if err != nil {
		return nil, err
	}
	raw, err := openRaw()
	if err != nil {
		return nil, err
	}
	defer raw.close()
	floor, err := newCrowd(ctx, raw.url, nil, "")
	if err != nil {
		return nil, err
	}
	defer floor.close()
	// Who looks is a program of the operator's: a person is asked about at the door only, so it makes no difference to what is measured.
	wish := fmt.Sprintf(`{"subscribe":{"workspace":%q,"topic":"session:%s"}}`, room.workspace, room.session)
	token, err := operatorToken(h.dir)
	if err != nil {
		return nil, err
	}
	ours, err := newCrowd(ctx, "ws://"+h.gateway.Addr()+"/v1/live", http.Header{"Authorization": {"Bearer " + token}}, wish)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	if _, err := ours.arrived(time.Now(), 1); err != nil { // the snapshots
		return nil, err
	}
	var f, ack, told screenTimes
	for range rounds {
		for range results {
			began, acknowledged, announced, sequence, err := room.closeVote(ctx, ours)
			if err != nil {
				return nil, err
			}
			took, err := ours.arrived(began, sequence)
			if err != nil {
				return nil, err
			}
			ack.add(since(took, began, acknowledged))
			told.add(since(took, began, announced))
			took, err = raw.write(floor, ours.last())
			if err != nil {
				return nil, err
			}
			f.add(took)
		}
	}
	what := func(s string) string { return fmt.Sprintf("a result on every screen, %d clients, %s", screens, s) }
	return []figure{
		pair(what("from its announcement, p50"), "ms", "", "floor: a loop writing the same prepared frame to as many sockets", f.half, told.half),
		pair(what("from its announcement, p99"), "ms", "<= 1.5 x the floor", "", f.most, told.most),
		pair(what("from the command acknowledged, p50"), "ms", "", "", f.half, ack.half),
		pair(what("from the command acknowledged, p99"), "ms", "<= 1.5 x the floor", "", f.most, ack.most),
	}, nil
}

// screenTimes are the middle and the last of every result, in ms.
type screenTimes struct{ half, most []float64 }

func (s *screenTimes) add(took []float64) {
	s.half, s.most = append(s.half, median(took)), append(s.most, percentile(took, 0.99))
}

// since moves times that were measured from one instant to a later one.
func since(took []float64, from, to time.Time) []float64 {
	moved := slices.Clone(took)
	for i := range moved {
		moved[i] = max(0, moved[i]-float64(to.Sub(from).Microseconds())/1000)
	}
	return moved
}

// crowd are screens that look at one document.
type crowd struct {
	conns   []*websocket.Conn
	reading sync.WaitGroup

	mu    sync.Mutex
	seen  []uint64    // by screen: the last sequence
	at    []time.Time // by screen: when it came
	frame []byte      // what the first screen got last
}

// sequenceMark stands before the sequence in every frame.
var sequenceMark = []byte(`"sequence":"`)

func newCrowd(ctx context.Context, url string, header http.Header, wish string) (*crowd, error) {
	c := &crowd{seen: make([]uint64, screens), at: make([]time.Time, screens)}
	for i := range screens {
		conn, answer, err := websocket.DefaultDialer.DialContext(ctx, url, header)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("screen %d of %d: %w (each needs two open files)", i+1, screens, err)
		}
		_ = answer.Body.Close()
		c.conns = append(c.conns, conn)
		if wish != "" {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(wish)); err != nil {
				c.close()
				return nil, err
			}
		}
		c.reading.Go(func() { c.read(i, conn) })
	}
	return c, nil
}

func (c *crowd) read(i int, conn *websocket.Conn) {
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		now := time.Now()
		_, after, _ := bytes.Cut(data, sequenceMark)
		digits, _, _ := bytes.Cut(after, []byte(`"`))
		sequence, err := strconv.ParseUint(string(digits), 10, 64)
		if err != nil {
			continue // an error, or a frame of another kind: the wait for a sequence ends it
		}
		c.mu.Lock()
		c.seen[i], c.at[i] = sequence, now
		if i == 0 {
			c.frame = data
		}
		c.mu.Unlock()
	}
}

// arrived waits until every screen has a sequence, or a later one, and says how long each took, in ms.
func (c *crowd) arrived(began time.Time, sequence uint64) ([]float64, error) {
	took := make([]float64, screens)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		missing := 0
		for i, seen := range c.seen {
			if seen < sequence {
				missing++
			}
			took[i] = float64(c.at[i].Sub(began).Microseconds()) / 1000
		}
		c.mu.Unlock()
		if missing == 0 {
			return took, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d of %d screens did not get sequence %d within %s", missing, screens, sequence, patience)
		}
	}
}

// last is the frame that came last.
func (c *crowd) last() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frame
}

func (c *crowd) close() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.reading.Wait()
}

// rawServer is the floor: it keeps sockets and writes to them.
type rawServer struct {
	url    string
	server *httptest.Server
	mu     sync.Mutex
	conns  []*websocket.Conn
	n      uint64
}

func openRaw() (*rawServer, error) {
	r := &rawServer{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, req, nil)
		if err != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.conns = append(r.conns, conn)
	}))
	r.url = "ws" + strings.TrimPrefix(r.server.URL, "http")
	return r, nil
}

func (r *rawServer) close() {
	for _, conn := range r.conns {
		_ = conn.Close()
	}
	r.server.Close()
}

// write sends a frame like the given one to every socket and waits until it has arrived.
func (r *rawServer) write(to *crowd, frame []byte) ([]float64, error) {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // a handler may be a little behind its client
		r.mu.Lock()
		all := len(r.conns) == screens
		r.mu.Unlock()
		if all {
			break
		}
		if time.Now().After(end) {
			return nil, errors.New("the floor has too few sockets")
		}
	}
	r.n++
	before, after, _ := bytes.Cut(frame, sequenceMark)
	_, after, _ = bytes.Cut(after, []byte(`"`))
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, slices.Concat(before, sequenceMark, strconv.AppendUint(nil, r.n, 10), []byte(`"`), after))
	if err != nil {
		return nil, err
	}
	time.Sleep(calm)
	began := time.Now()
	for _, conn := range r.conns {
		if err := conn.WritePreparedMessage(prepared); err != nil {
			return nil, err
		}
	}
	return to.arrived(began, r.n)
}

// room is a session that goes on, with the nine people of the example minutes.
type benchRoom struct {
	workspace, session, item string
	people                   []string
	ledger                   *nats.Conn // the operator's connection
	announced                chan announcement
	votes                    int
}

type announcement struct {
	sequence uint64
	at       time.Time
}

func openRoom(ctx context.Context, h *house) (*benchRoom, error) {
	if err := demo(ctx, h); err != nil {
		return nil, err
	}
	r := &benchRoom{workspace: "dsm-esempio", session: "csm-orari:2026-06-11", item: "csm-orari:porta", announced: make(chan announcement, 1024)}
	var err error
	if r.ledger, err = h.dial(bus.Operator); err != nil {
		return nil, err
	}
	listener, err := h.dial(bus.Gateway)
	if err != nil {
		return nil, err
	}
	if _, err := listener.Subscribe("changed."+r.workspace+".>", func(m *nats.Msg) {
		now := time.Now()
		if sequence, err := strconv.ParseUint(string(m.Data), 10, 64); err == nil {
			r.announced <- announcement{sequence, now}
		}
	}); err != nil {
		return nil, err
	}
	view := &apiv1.InitiativeView{}
	if err := bus.Request(ctx, r.ledger, "query.get_initiative", &apiv1.GetInitiativeRequest{Workspace: r.workspace, Initiative: "csm-orari"}, view); err != nil {
		return nil, err
	}
	var seats []*eventv1.ParticipantSeated
	for _, p := range view.Participants {
		r.people = append(r.people, p.Participant)
		seats = append(seats, &eventv1.ParticipantSeated{Participant: p.Participant})
	}
	for _, c := range []*commandv1.Command{
		{Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: r.workspace, Session: r.session, Kind: eventv1.SessionKind_SESSION_KIND_MEETING, Title: clear("Quinto incontro")}}},
		{Of: &commandv1.Command_OpenSession{OpenSession: &commandv1.OpenSession{Workspace: r.workspace, Session: r.session}}},
		{Of: &commandv1.Command_SeatParticipants{SeatParticipants: &commandv1.SeatParticipants{Workspace: r.workspace, Session: r.session, Seats: seats}}},
		{Of: &commandv1.Command_ProposeItem{ProposeItem: &commandv1.ProposeItem{Workspace: r.workspace, Item: r.item, Title: clear("La porta sul retro")}}},
		{Of: &commandv1.Command_AdmitItem{AdmitItem: &commandv1.AdmitItem{Workspace: r.workspace, Item: r.item, Reason: clear("Riguarda tutti.")}}},
		{Of: &commandv1.Command_SetAgenda{SetAgenda: &commandv1.SetAgenda{Workspace: r.workspace, Session: r.session, Items: []string{r.item}}}},
	} {
		if _, err := r.send(ctx, c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func clear(text string) *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Clear{Clear: text}}
}

func (r *benchRoom) send(ctx context.Context, c *commandv1.Command) (uint64, error) {
	c.Id = uuid.Must(uuid.NewV7()).String()
	if err := sealing.Seal(ctx, r.ledger, r.workspace, c); err != nil {
		return 0, err
	}
	receipt := &commandv1.Receipt{}
	err := bus.Request(ctx, r.ledger, "cmd."+r.workspace, &commandv1.CommandBatch{Commands: []*commandv1.Command{c}}, receipt)
	return receipt.Sequence, err
}

// openVote prepares a vote in which everybody has voted.
func (r *benchRoom) openVote(ctx context.Context) (id string, sequence uint64, err error) {
	r.votes++
	id = r.session + ":d" + strconv.Itoa(r.votes)
	var electors []*eventv1.Elector
	var ballots []*eventv1.BallotCast
	for i, p := range r.people {
		electors = append(electors, &eventv1.Elector{Participant: p, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
		ballots = append(ballots, &eventv1.BallotCast{Participant: p, Choice: eventv1.Choice(1 + i%2)})
	}
	charter := &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Base: eventv1.Base_BASE_CAST, Tie: eventv1.Tie_TIE_STATUS_QUO}}
	for _, c := range []*commandv1.Command{
		{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: r.workspace, Decision: id, Item: r.item, Question: clear("Tenere aperta la porta sul retro?")}}},
		{Of: &commandv1.Command_WriteCharter{WriteCharter: &commandv1.WriteCharter{Workspace: r.workspace, Decision: id, Charter: charter}}},
		{Of: &commandv1.Command_OpenVoting{OpenVoting: &commandv1.OpenVoting{Workspace: r.workspace, Decision: id, Electors: electors}}},
		{Of: &commandv1.Command_CastBallots{CastBallots: &commandv1.CastBallots{Workspace: r.workspace, Decision: id, Ballots: ballots}}},
	} {
		if sequence, err = r.send(ctx, c); err != nil {
			return id, 0, err
		}
	}
	return id, sequence, nil
}

// closeVote prepares a vote, waits until every screen has it, and closes it.
func (r *benchRoom) closeVote(ctx context.Context, on *crowd) (began, acknowledged, announced time.Time, sequence uint64, err error) {
	id, sequence, err := r.openVote(ctx)
	if err != nil {
		return began, acknowledged, announced, 0, err
	}
	if _, err = on.arrived(time.Now(), sequence); err != nil {
		return began, acknowledged, announced, 0, err
	}
	for len(r.announced) > 0 {
		<-r.announced
	}
	time.Sleep(calm)
	began = time.Now()
	sequence, err = r.send(ctx, &commandv1.Command{Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: r.workspace, Decision: id}}})
	acknowledged = time.Now()
	if err != nil {
		return began, acknowledged, announced, 0, err
	}
	for end := time.After(patience); ; {
		select {
		case a := <-r.announced:
			if a.sequence >= sequence {
				return began, acknowledged, a.at, sequence, nil
			}
		case <-end:
			return began, acknowledged, announced, 0, errors.New("the close of a vote was not announced")
		}
	}
}
