package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter measures commands: acknowledged and synced, and how soon what they recorded is visible.

const (
	appendsEach = 600 // per round, each way
	clients     = 64
	latencies   = 300 // commands seen in the view, per round
)

// benchAppend measures commands: acknowledged and synced, by one client and by many, and how soon a command is visible.
func benchAppend(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "append"), Services: inside, Temporary: true, Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	nc, err := h.dial(bus.Operator)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	send := func(c *commandv1.Command) (uint64, error) {
		c.Id = uuid.Must(uuid.NewV7()).String()
		r := &commandv1.Receipt{}
		err := bus.Request(ctx, nc, "cmd.bench", &commandv1.CommandBatch{Commands: []*commandv1.Command{c}}, r)
		return r.Sequence, err
	}
	figures, err := measureAppends(ctx, dir, rounds, nc, send)
	return figures, errors.Join(err, h.close())
}

func measureAppends(ctx context.Context, dir string, rounds int, nc *nats.Conn, send func(*commandv1.Command) (uint64, error)) ([]figure, error) {
	if _, err := send(&commandv1.Command{Of: &commandv1.Command_FoundWorkspace{FoundWorkspace: &commandv1.FoundWorkspace{Workspace: "bench"}}}); err != nil {
		return nil, err
	}
	if _, err := send(&commandv1.Command{Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: "bench", Initiative: "i"}}}); err != nil {
		return nil, err
	}
	n := 0
	next := func() *commandv1.Command {
		n++
		return &commandv1.Command{Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: "bench", Session: "i:s" + strconv.Itoa(n), Kind: eventv1.SessionKind_SESSION_KIND_MEETING, StartsAt: timestamppb.Now()}}}
	}
	var floorRate, oneRate, manyRate, floorLatency, seenP50, seenP99 []float64
	for range rounds {
		took, err := appendAndSync(filepath.Join(dir, "floor"), appendsEach)
		if err != nil {
			return nil, err
		}
		floorRate, floorLatency = append(floorRate, float64(len(took))/sum(took)*1000), append(floorLatency, median(took))

		start := time.Now()
		for range appendsEach {
			if _, err := send(next()); err != nil {
				return nil, err
			}
		}
		oneRate = append(oneRate, appendsEach/time.Since(start).Seconds())

		rate, err := manyClients(send, next)
		if err != nil {
			return nil, err
		}
		manyRate = append(manyRate, rate)

		var seen []float64
		for range latencies {
			c := next()
			start := time.Now()
			seq, err := send(c)
			if err != nil {
				return nil, err
			}
			ask := &apiv1.GetInitiativeRequest{Workspace: "bench", Initiative: "missing", AtLeastSequence: seq}
			// The answer is a refusal, and that is on purpose: it comes only once the view has read the sequence, and costs nothing more.
			_ = bus.Request(ctx, nc, "query.get_initiative", ask, &apiv1.InitiativeView{})
			seen = append(seen, float64(time.Since(start).Microseconds())/1000)
		}
		seenP50, seenP99 = append(seenP50, median(seen)), append(seenP99, percentile(seen, 0.99))
	}
	return []figure{
		pair("commands acknowledged and synced, one client", "/s", ">= 0.9 of the floor", "floor: append and fsync of a file", floorRate, oneRate),
		pair(fmt.Sprintf("commands acknowledged and synced, %d clients", clients), "/s", ">= 3 x the floor", "", floorRate, manyRate),
		pair("command to visible in the view, p50", "ms", "<= 2 x the floor", "floor: append and fsync", floorLatency, seenP50),
		pair("command to visible in the view, p99", "ms", "< 2 ms", "", floorLatency, seenP99),
	}, nil
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// appendAndSync appends records of a commit's size to a file, syncing each, and says how long each took in ms.
func appendAndSync(name string, n int) ([]float64, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	record := make([]byte, 250)
	took := make([]float64, n)
	for i := range n {
		start := time.Now()
		if _, err := f.Write(record); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took[i] = float64(time.Since(start).Nanoseconds()) / 1e6
	}
	return took, nil
}

func manyClients(send func(*commandv1.Command) (uint64, error), next func() *commandv1.Command) (float64, error) {
	const each = 40
	var mu sync.Mutex
	var failed error
	commands := make([][]*commandv1.Command, clients)
	for i := range commands {
		for range each {
			commands[i] = append(commands[i], next())
		}
	}
	var wg sync.WaitGroup
	start := time.Now()
	for _, mine := range commands {
		wg.Go(func() {
			for _, c := range mine {
				if _, err := send(c); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return clients * each / time.Since(start).Seconds(), failed
}
