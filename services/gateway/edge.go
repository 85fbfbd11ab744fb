package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// The edge: what every request passes before anybody looks at what it asks. Each limit bounds memory or time that one caller can take from the others.

// limits of the edge and of the rooms. They are constants; tests use smaller ones.
type limits struct {
	// body and importBody bound a request's body in bytes, also once unpacked. The second is for ImportMinutes, whose file is base64 in JSON: 12 MiB.
	body, importBody int
	// headersWithin is how long a request's headers may take (slowloris), bodyWithin and importWithin how long a body may.
	headersWithin, bodyWithin, importWithin time.Duration
	// inFlight is how many requests are worked on at once; more are told to come again.
	inFlight int
	// perSecond and burst bound the requests of one remote address. All of a machine's programs share one, so it is wide.
	perSecond float64
	burst     int
	// addresses bounds how many remote addresses are remembered.
	addresses int
	room      roomLimits
}

var defaults = limits{
	body: 64 << 10, importBody: 16 << 20,
	headersWithin: 5 * time.Second, bodyWithin: 10 * time.Second, importWithin: time.Minute,
	inFlight:  256,
	perSecond: 2000, burst: 4000, addresses: 10_000,
	room: defaultRoom,
}

const (
	// headerBytes bounds a request's headers. net/http adds 4 KiB of its own.
	headerBytes = 16 << 10
	// idleWithin is how long an unused connection stays open.
	idleWithin = 2 * time.Minute
	// answerWithin is how long a client may take to read an answer.
	answerWithin = 30 * time.Second
)

// contentSecurity allows what the web client needs and nothing from elsewhere; no script or style within a page.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// securityHeaders stand in every answer.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      contentSecurity,
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cache-Control":                "no-store", // the web client's own files may say otherwise
	"Vary":                         "Accept-Language",
}

// strictTransport is added where the connection is TLS: one year, with subdomains.
const strictTransport = "max-age=31536000; includeSubDomains"

type edge struct {
	g       *Gateway
	slots   chan struct{}
	buckets *buckets
	origin  *http.CrossOriginProtection
}

func newEdge(g *Gateway) *edge {
	return &edge{g: g, slots: make(chan struct{}, g.limits.inFlight), origin: http.NewCrossOriginProtection(),
		buckets: newBuckets(g.limits.perSecond, g.limits.burst, g.limits.addresses)}
}

func (e *edge) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: e.g.limits.headersWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    headerBytes,
		// What net/http says is about single broken connections, which any client can cause as often as it likes.
		ErrorLog:                     log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true,
	}
}

// wrap puts headers, the checks of where a request comes from, and the last resort around a handler.
func (e *edge) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := &answer{ResponseWriter: rw}
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		v := e.g.begin(r)
		if v.secure {
			w.Header().Set("Strict-Transport-Security", strictTransport)
		}
		correlation := uuid.Must(uuid.NewV7()).String()
		w.Header().Set(headerCorrelation, correlation)
		r = r.WithContext(context.WithValue(bus.WithCorrelation(r.Context(), correlation), visitKey{}, v))
		defer e.recovered(w, r)
		if r.ContentLength != 0 { // whoever reads the body, or throws the rest of it away, does not wait for ever
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(e.g.limits.bodyWithin))
		}
		if err := e.admit(r); err != nil {
			e.g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
		if !w.begun {
			w.WriteHeader(http.StatusOK)
		}
	})
}

// admit refuses a request by where it comes from.
func (e *edge) admit(r *http.Request) error {
	switch {
	case !e.g.ours(r.Host):
		// A page elsewhere can have its own name point to this machine, and is then of "the same origin" as we are (DNS rebinding).
		return decider.Refuse("gateway/wrong-host")
	case !e.buckets.allow(visitOf(r.Context()).remote):
		return decider.Refuse("gateway/too-fast")
	case e.origin.Check(r) != nil:
		return decider.Refuse("gateway/cross-origin")
	}
	return nil
}

// ours reports whether a request was addressed to us: to this machine by a name of its own, or to the public address.
func (g *Gateway) ours(host string) bool {
	host = hostOf(host)
	return isLoopback(host) || g.public != nil && host == g.public.Hostname()
}

// recovered answers for a handler that panicked. The panic's text may quote the request, so only its type and the place are logged.
func (e *edge) recovered(w *answer, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	e.g.o.Logger.Error("gateway: handler panicked", "correlation", bus.Correlation(r.Context()), "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	if w.begun {
		panic(http.ErrAbortHandler) // half an answer is out: cutting it off is the only way to say so
	}
	e.g.refuse(w, r, decider.Refuse(codeInternal))
}

// busy lets a handler run while there is room, so that a flood waits outside and costs nothing.
func (e *edge) busy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case e.slots <- struct{}{}:
			defer func() { <-e.slots }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			e.g.refuse(w, r, decider.Refuse("gateway/busy"))
		}
	})
}

// body checks a request to a method by its outside and reads its body within limits, before Connect sees it.
func (e *edge) body(m *method, limit int, next http.Handler) http.Handler {
	within := e.g.limits.bodyWithin
	if m.imports() {
		within = e.g.limits.importWithin
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && m.asks():
			next.ServeHTTP(w, r)
			return
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			e.g.refuse(w, r, decider.Refuse("gateway/method-not-allowed"))
			return
		case !spoken(r.Header.Get("Content-Type")):
			e.g.refuse(w, r, decider.Refuse("gateway/content-type"))
			return
		}
		data, err := e.read(w, r, int64(limit), within)
		if err != nil {
			w.Header().Set("Connection", "close") // the rest of the body is not waited for
			e.g.refuse(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		next.ServeHTTP(w, r)
	})
}

func (e *edge) read(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) ([]byte, error) {
	tooLarge := decider.Refuse("gateway/too-large", "bytes", fmt.Sprint(limit))
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond):
		return nil, tooLarge
	case err != nil: // too slow, cut off or badly framed: nothing more will come
		return nil, decider.Refuse("gateway/too-slow")
	}
	return data, nil // at the end of the body net/http takes the deadline away
}

// spoken reports whether a content type is one of ours. The others that Connect knows (gRPC) are not served: nobody has asked for them.
func spoken(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	return err == nil && (kind == "application/json" && slices.Contains([]string{"", "utf-8"}, charset) || kind == "application/proto")
}

// answer notes whether the answer has begun, and from then on gives the client only so long to read it.
type answer struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.begun = true
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(answerWithin)) // a writer without deadlines is not a connection
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write begins the answer when nothing has.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// Hijack hands over the connection, to become a socket.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.begun = true
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
