package eventlog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Figures beside their floors. Rounds of both alternate on one disk, and what is reported is the median ratio: only that means something on a machine
// that others use. go test -run xxx -bench . -benchtime 15x ./pkg/eventlog

// BenchmarkAppend: so many appenders at once, each waiting for its own acknowledgement, against three floors: a loop that appends the same bytes to a file
// and syncs it, the bare JetStream publish one after the other, and as many bare publishers at once.
func BenchmarkAppend(b *testing.B) {
	for _, appenders := range []int{1, 2, 4, 8, 14, 16, 32, 64, 128} {
		b.Run(fmt.Sprint(appenders), func(b *testing.B) {
			w := open(b, b.TempDir())
			create(b, w.log, "w")
			create(b, w.log, "bare")
			js, err := jetstream.NewWithAPIPrefix(w.ledger, bus.LogAPI)
			if err != nil {
				b.Fatal(err)
			}
			f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			floor := func() error {
				data, err := proto.Marshal(commit("a", 1))
				if err == nil {
					_, err = f.Write(data)
				}
				return errors.Join(err, f.Sync())
			}
			publish := func() error {
				c := commit(fmt.Sprint("d", serial.Load()), 1)
				data, err := proto.Marshal(c)
				if err == nil {
					_, err = js.Publish(b.Context(), "log.bare.decision."+c.AggregateId+c.Id, data, jetstream.WithMsgID(c.Id), jetstream.WithExpectLastSequencePerSubject(0))
				}
				return err
			}
			appended := func() error {
				n := serial.Load()
				c := commit(fmt.Sprint("d", n), 1)
				c.AggregateId += c.Id
				_, err := w.log.Append(b.Context(), "w", c, 0)
				return err
			}
			each := 20 * appenders
			var toFile, toPublish, toPublishAll, grouped []float64
			for b.Loop() {
				one := measure(b, 1, 100, floor)
				bare := measure(b, 1, 100, publish)
				together := measure(b, appenders, each, publish)
				mine := measure(b, appenders, each, appended)
				grouped = append(grouped, mine)
				toFile = append(toFile, one/mine)
				toPublish = append(toPublish, bare/mine)
				toPublishAll = append(toPublishAll, together/mine)
			}
			b.ReportMetric(median(grouped)/1000, "µs/commit")
			b.ReportMetric(median(toFile), "x-file")
			b.ReportMetric(median(toPublish), "x-publish")
			b.ReportMetric(median(toPublishAll), "x-publishers")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measure has so many goroutines do it n times in all and gives the nanoseconds per time.
func measure(b *testing.B, goroutines, n int, do func() error) float64 {
	var done atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range goroutines {
		wg.Go(func() {
			for done.Add(1) <= int64(n) {
				if err := do(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return float64(time.Since(began).Nanoseconds()) / float64(n)
}

func median(f []float64) float64 {
	slices.Sort(f)
	return f[len(f)/2]
}

func BenchmarkAppendAll(b *testing.B) {
	for _, size := range []int{2, 15, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := open(b, b.TempDir())
			create(b, w.log, "w")
			n := 0
			for b.Loop() {
				batch := make([]eventlog.Pending, size)
				for i := range batch {
					n++
					batch[i].Commit = commit(fmt.Sprint("d", n), 1)
				}
				if _, err := w.log.AppendAll(b.Context(), "w", batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/commit")
		})
	}
}

// filled is a log of 20,000 commits, a hundred of which are of the aggregate "mine", spread over all.
func filled(b *testing.B) *world {
	b.Helper()
	w := open(b, b.TempDir())
	create(b, w.log, "w")
	var batch []eventlog.Pending
	mine := uint64(0)
	for i := range 20_000 {
		c := commit(fmt.Sprint("d", i), 1)
		if i%200 == 0 {
			mine++
			c = commit("mine", mine)
		}
		batch = append(batch, eventlog.Pending{Commit: c})
	}
	if _, err := w.log.AppendAll(b.Context(), "w", batch); err != nil {
		b.Fatal(err)
	}
	return w
}

func BenchmarkLoad100(b *testing.B) {
	w := filled(b)
	for name, log := range map[string]*eventlog.Log{"ledger": w.log, "views": w.reader} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got, err := log.Load(b.Context(), "w", "decision", "mine", 0); len(got) != 100 || err != nil {
					b.Fatal(len(got), err)
				}
			}
		})
	}
	b.Run("ordered-consumer", func(b *testing.B) { // the other way, as a reader
		nc, err := w.server.Connect(bus.Views)
		if err != nil {
			b.Fatal(err)
		}
		js, err := jetstream.NewWithAPIPrefix(nc, bus.LogAPI)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			c, err := js.OrderedConsumer(b.Context(), "LOG_w", jetstream.OrderedConsumerConfig{FilterSubjects: []string{"log.w.decision.mine"}})
			if err != nil {
				b.Fatal(err)
			}
			messages, err := c.Fetch(100, jetstream.FetchMaxWait(time.Second))
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for m := range messages.Messages() {
				if _, err := eventlog.Decode(m.Subject(), m.Data()); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 100 {
				b.Fatal(n)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	w := filled(b)
	n := 0
	for b.Loop() {
		for _, err := range w.reader.Read(b.Context(), "w", 0, 0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/commit")
}

func BenchmarkDecode(b *testing.B) {
	data, err := proto.Marshal(commit("a", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("proto", func(b *testing.B) {
		for b.Loop() {
			if err := proto.Unmarshal(data, &eventv1.Commit{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			if _, err := eventlog.Decode("log.w.decision.a", data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
