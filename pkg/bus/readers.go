package bus

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"tavolo/pkg/decider"
)

// The door for readers from outside: associations that follow the feeds over NATS. They have an account of their own, where nobody else is at home but
// the herald, the second connection of the service feeds. No stream is there and no import that they may use, so nothing that a reader asks can have the
// server publish for it.
//
//	reader ──CONNECT, token──► server ──$SYS.REQ.USER.AUTH──► herald: admit? ──► a user that may
//	         publish   ask.<id>        what it has, and where it is to be told more
//	         subscribe feed.<id>.>     what it is told, and nothing else
//
// Each connection is asked about when it is made (the server's "auth callout"), so that a subscription that was made just now may come in and one that was
// taken back may not. Whoever has the issuer's seed and the herald's password can let anybody into any account of that server but SYS: they are the
// strongest secrets of it, and only the process with the herald needs them. On a server for readers alone (WriteReadersConfig) there is no other account.
//
// Not here: what tokens hold and what is told (services/feeds).

const (
	// Issuer is the name of the issuer's seed among the passwords that WriteConfig takes.
	Issuer = "issuer"
	// askPrefix and tellPrefix stand before a reader's id.
	askPrefix, tellPrefix = "ask.", "feed."
	// Asks is the subject of all asking.
	Asks = askPrefix + "*"
	// admitSubject is where the server asks who may come in, kickSubject where it is told to close a connection.
	admitSubject, kickSubject = "$SYS.REQ.USER.AUTH", "$SYS.REQ.SERVER.*.KICK"
	// readersMax is how many readers may be connected at once, over all servers.
	readersMax = 2000
	// readerSubscriptions and readerPayload bound what one of them may do: it subscribes its own subject and says a number.
	readerSubscriptions, readerPayload = 16, 1024
	// seatFor is how long a connection may stay before it is asked about anew: one that an earlier run of the herald let in, and which is thus not dismissed,
	// ends then. seatsMost is how many connections of a reader are remembered; of more, the latest.
	seatFor, seatsMost = 24 * time.Hour, 100
	// admitWithin is how long a connection waits to be let in, in seconds as the server wants it, and dismissWithin how long it takes to be closed.
	admitWithin, dismissWithin = 5, 2 * time.Second
)

// NewIssuer makes the seed of an issuer.
func NewIssuer() (seed string, err error) {
	pair, err := nkeys.CreateAccount()
	if err != nil {
		return "", fmt.Errorf("bus: %w", err)
	}
	text, err := pair.Seed()
	return string(text), err
}

// publicIssuer is what the server knows of the issuer (bus/password).
func publicIssuer(seed string) (string, error) {
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", fmt.Errorf("%w: the issuer is not a seed of NATS", decider.Refuse("bus/password", "service", Issuer))
	}
	public, err := pair.PublicKey()
	if err != nil || !nkeys.IsValidPublicAccountKey(public) {
		return "", fmt.Errorf("%w: the issuer is not the seed of an account", decider.Refuse("bus/password", "service", Issuer))
	}
	return public, nil
}

// ReaderOf gives the id of the reader who asks on a subject.
func ReaderOf(subject string) string { return strings.TrimPrefix(subject, askPrefix) }

// TellSubject is where a reader is told what it asked for: the subject that it named, which must be one of its own, or its usual one. ok is false
// when the named one is not: else one reader could have the herald speak to another.
func TellSubject(id, named string) (subject string, ok bool) {
	if named == "" {
		return tellPrefix + id + ".entries", true
	}
	rest, own := strings.CutPrefix(named, tellPrefix+id+".")
	return named, own && rest != "" && !strings.ContainsAny(rest, "*> \t\r\n")
}

// Newcomer is who wants to come in.
type Newcomer struct {
	// Token is what it showed, as a token or as a password.
	Token string
	// Host is its address, without the port.
	Host string
	// InClear says that the token crossed a network unencrypted.
	InClear bool
}

// Admission is who it turns out to be.
type Admission struct {
	// ID is the last part of its subjects.
	ID string
	// Until is when the server closes the connection.
	Until time.Time
}

// Door lets readers in.
type Door struct {
	nc    *nats.Conn
	key   nkeys.KeyPair
	admit func(context.Context, Newcomer) (Admission, error)
	sub   *nats.Subscription
	wrong knocks

	mu   sync.Mutex
	here map[string][]seat // by reader: connections that were let in
}

// seat is a connection: the server, its number there, which is never given again, and when it ends.
type seat struct {
	server string
	client uint64
	until  time.Time
}

// OpenDoor answers the server's question who may come in, until Close. nc is the herald's connection; admit must be quick, and its refusals reach the
// reader as what NATS says to everybody whom it does not let in.
func OpenDoor(nc *nats.Conn, seed string, admit func(context.Context, Newcomer) (Admission, error)) (*Door, error) {
	if _, err := publicIssuer(seed); err != nil {
		return nil, err
	}
	key, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	d := &Door{nc: nc, key: key, admit: admit, here: map[string][]seat{}}
	if d.sub, err = nc.QueueSubscribe(admitSubject, Herald, d.ask); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	return d, nc.Flush()
}

// Close lets nobody in any more. Who is in stays.
func (d *Door) Close() { _ = d.sub.Unsubscribe() } // fails only when the connection has gone

func (d *Door) ask(m *nats.Msg) {
	request, err := jwt.DecodeAuthorizationRequestClaims(string(m.Data))
	if err != nil {
		slog.Warn("bus: a question who may come in is not understood", "error", err)
		return
	}
	answer := jwt.NewAuthorizationResponseClaims(request.UserNkey)
	answer.Audience = request.Server.ID
	if answer.Jwt, err = d.user(request); err != nil {
		answer.Jwt, answer.Error = "", "refused"
		if code := decider.CodeOf(err); code != "" {
			if !d.wrong.wrong(request.ClientInformation.Host, time.Now()) {
				return
			}
			answer.Error = code
		}
	}
	text, err := answer.Encode(d.key)
	if err == nil {
		err = m.Respond([]byte(text))
	}
	if err != nil {
		slog.Error("bus: a reader was not answered", "error", err)
	}
}

// user makes the user that a connection becomes.
func (d *Door) user(q *jwt.AuthorizationRequestClaims) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), admitWithin*time.Second)
	defer cancel()
	n := Newcomer{Token: q.ConnectOptions.Token, Host: q.ClientInformation.Host, InClear: q.TLS == nil && !loopback(q.ClientInformation.Host)}
	if n.Token == "" {
		n.Token = q.ConnectOptions.Password
	}
	who, err := d.admit(ctx, n)
	if err != nil {
		return "", err
	}
	now := time.Now()
	until := now.Add(seatFor)
	if who.Until.Before(until) {
		until = who.Until
	}
	u := jwt.NewUserClaims(q.UserNkey)
	u.Name, u.Audience, u.Expires = who.ID, readersAccount, until.Unix()
	u.Permissions.Pub.Allow = jwt.StringList{askPrefix + who.ID}
	u.Permissions.Sub.Allow = jwt.StringList{tellPrefix + who.ID + ".>"}
	u.Limits.Subs, u.Limits.Payload = readerSubscriptions, readerPayload
	u.AllowedConnectionTypes = jwt.StringList{jwt.ConnectionTypeStandard}
	text, err := u.Encode(d.key)
	if err == nil {
		d.seat(who.ID, seat{q.Server.ID, q.ClientInformation.ID, until}, now)
	}
	return text, err
}

// seat remembers a connection, and no longer those that have ended.
func (d *Door) seat(id string, s seat, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seats := slices.DeleteFunc(append(d.here[id], s), func(s seat) bool { return s.until.Before(now) })
	d.here[id] = seats[max(0, len(seats)-seatsMost):]
}

// Dismiss closes the connections of a reader that this door let in. Those of an earlier run of the herald stay until seatFor is over, and are told nothing.
func (d *Door) Dismiss(ctx context.Context, id string) error {
	d.mu.Lock()
	seats := d.here[id]
	delete(d.here, id)
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, dismissWithin)
	defer cancel()
	var failed error
	for _, s := range seats {
		data, err := json.Marshal(map[string]uint64{"cid": s.client})
		if err != nil {
			return err
		}
		_, err = d.nc.RequestWithContext(ctx, strings.Replace(kickSubject, "*", s.server, 1), data) // that it had gone already is in the answer, and well
		failed = errors.Join(failed, err)
	}
	return failed
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// readersListen is where readers are awaited, and how.
//
// Refusals: bus/listen, bus/readers-in-clear (others could reach the address, and there is no certificate), bus/certificate.
func readersListen(o Options) (host string, port int, config *tls.Config, err error) {
	if o.Listen != "" {
		return "", 0, nil, fmt.Errorf("%w: services and readers cannot share one address", decider.Refuse("bus/listen"))
	}
	if host, port, err = splitListen(o.Readers); err != nil {
		return "", 0, nil, err
	}
	if o.ReadersCert == "" && o.ReadersKey == "" {
		if host != "localhost" && !loopback(host) {
			return "", 0, nil, decider.Refuse("bus/readers-in-clear", "address", o.Readers)
		}
		if host == "localhost" { // whatever this machine takes it for
			host = "127.0.0.1"
		}
		return host, port, nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.ReadersCert, o.ReadersKey)
	if err != nil {
		return "", 0, nil, fmt.Errorf("%w: %w", decider.Refuse("bus/certificate"), err)
	}
	return host, port, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, nil
}
