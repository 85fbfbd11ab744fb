package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tavolo/services/gateway"
)

// screens is how many clients look at once.
const screens = 1000

// BenchmarkAResultOnEveryScreen measures from the announcement of a change to its patch on every screen, beside the floor: a loop that writes one
// prepared frame to as many sockets. Both in one run, for only their ratio says anything on a shared machine.
func BenchmarkAResultOnEveryScreen(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		var mu sync.Mutex
		var conns []*websocket.Conn
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
		}))
		defer s.Close()
		arrived := look(b, "ws"+strings.TrimPrefix(s.URL, "http"), "")
		for all := false; !all; time.Sleep(time.Millisecond) { // a handler may be a little behind its client
			mu.Lock()
			all = len(conns) == screens
			mu.Unlock()
		}
		for i := range b.N {
			prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(`{"patch":{"workspace":"dsm","topic":"session:orari:s","sequence":"`+fmt.Sprint(i)+`","data":`+patch(fmt.Sprint(i), i)+`}}`))
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			for _, conn := range conns {
				if err := conn.WritePreparedMessage(prepared); err != nil {
					b.Fatal(err)
				}
			}
			arrived(began)
		}
	})
	b.Run("gateway", func(b *testing.B) {
		h := open(b, gateway.Pause(0))
		h.session("0", 1)
		arrived := look(b, "ws://"+h.gateway.Addr()+"/v1/live", `{"subscribe":{"workspace":"dsm","topic":"session:orari:s"}}`)
		arrived(time.Now()) // the snapshots
		b.ResetTimer()
		for i := range b.N {
			h.session(fmt.Sprint(i+1), uint64(i+2))
			began := time.Now()
			h.announce("dsm", "orari", uint64(i+2))
			arrived(began)
		}
	})
}

// look opens the screens. arrived waits until each has got one more message and reports the 50th and 99th percentile since began.
func look(b *testing.B, url, wish string) (arrived func(began time.Time)) {
	at := make(chan time.Time, screens)
	for range screens {
		conn, answer, err := websocket.DefaultDialer.DialContext(b.Context(), url, http.Header{"Authorization": {"Bearer " + operator}})
		if err != nil {
			b.Fatal(err)
		}
		_ = answer.Body.Close()
		b.Cleanup(func() { _ = conn.Close() })
		if wish != "" {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(wish)); err != nil {
				b.Fatal(err)
			}
		}
		go func() {
			for {
				if _, _, err := conn.ReadMessage(); err != nil {
					return
				}
				at <- time.Now()
			}
		}()
	}
	var half, most []time.Duration
	b.Cleanup(func() {
		slices.Sort(half)
		slices.Sort(most)
		b.ReportMetric(float64(half[len(half)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(most[len(most)/2].Microseconds()), "p99-µs")
	})
	return func(began time.Time) {
		took := make([]time.Duration, screens)
		for i := range took {
			took[i] = (<-at).Sub(began)
		}
		slices.Sort(took)
		half, most = append(half, took[screens/2]), append(most, took[screens*99/100])
	}
}
