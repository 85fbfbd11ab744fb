package bus

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/decider"
)

const (
	// MinServer is the oldest server that is accepted: those before it have known holes in authorization and before sign-in (advisories of 2026).
	MinServer = "2.14.0"
	// stateWait is how long CheckServer waits for the servers it knows of to answer.
	stateWait = 2 * time.Second
)

// Dial connects a service to an outside server. url may be a comma-separated list.
func Dial(url, service, password string) (*nats.Conn, error) {
	if _, ok := grants[service]; !ok {
		return nil, decider.Refuse("bus/no-such-service", "service", service)
	}
	nc, err := nats.Connect(url, connectOptions(service, password)...)
	if err != nil {
		return nil, fmt.Errorf("bus: connect %s to %s: %w", service, url, err)
	}
	return nc, nil
}

func connectOptions(service, password string) []nats.Option {
	return []nats.Option{
		nats.Name(service),
		nats.UserInfo(service, password),
		nats.CustomInboxPrefix(inboxPrefix(service)),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		// What is published while the connection is down fails at once. By default it would be kept and sent after its caller gave up.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			slog.Error("bus", "service", service, "subject", subject, "error", err)
		}),
	}
}

// CheckServer refuses a server that would not keep the promises: one older than MinServer (bus/server-too-old), or one that does not sync every
// write (bus/sync-off). Every server of a JetStream cluster is asked. The question needs the grant of the ledger or of the operator, and the
// configuration that WriteConfig writes; when not all answer, nothing is known and the server is refused (bus/sync-unknown).
func CheckServer(nc *nats.Conn) error {
	if v := nc.ConnectedServerVersion(); !atLeast(v, MinServer) {
		return tooOld(v)
	}
	sub, err := nc.SubscribeSync(nc.NewRespInbox())
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := nc.PublishRequest(serverState, sub.Subject, nil); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	until := time.Now().Add(stateWait)
	for asked, servers := 0, 1; asked < servers; asked++ {
		m, err := sub.NextMsg(time.Until(until))
		if err != nil {
			return fmt.Errorf("%w: only %d of %d servers said whether they sync each write; start them from the configuration that tavolo writes",
				decider.Refuse("bus/sync-unknown"), asked, servers)
		}
		size, err := checkState(m.Data)
		if err != nil {
			return err
		}
		servers = max(servers, size)
	}
	return nil
}

// checkState judges one server's answer and gives the number of servers in its cluster, 0 when it is alone.
func checkState(answer []byte) (servers int, err error) {
	var state struct {
		Server struct {
			Version string `json:"ver"`
		} `json:"server"`
		Data struct {
			Config struct {
				SyncAlways bool `json:"sync_always"`
			} `json:"config"`
			Meta struct {
				Size int `json:"cluster_size"`
			} `json:"meta_cluster"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &state); err != nil {
		return 0, fmt.Errorf("%w: the server's answer about itself is not understood", decider.Refuse("bus/sync-unknown"))
	}
	if !atLeast(state.Server.Version, MinServer) {
		return 0, tooOld(state.Server.Version)
	}
	if !state.Data.Config.SyncAlways {
		return 0, fmt.Errorf("%w: the server acknowledges before the disk has it, and a power cut would lose records; set jetstream { sync_interval: always }",
			decider.Refuse("bus/sync-off"))
	}
	return state.Data.Meta.Size, nil
}

func tooOld(version string) error {
	return fmt.Errorf("%w: this NATS server has known security holes; upgrade it", decider.Refuse("bus/server-too-old", "version", version, "oldest", MinServer))
}

// atLeast compares versions of the form 2.14.0 or 2.14.0-rc.1 by their numbers. What is not such a version is never enough.
func atLeast(version, oldest string) bool {
	v, ok := numbers(version)
	o, _ := numbers(oldest)
	if !ok {
		return false
	}
	for i := range v {
		if v[i] != o[i] {
			return v[i] > o[i]
		}
	}
	return !strings.Contains(version, "-") // a candidate is older than its release
}

func numbers(version string) (n [3]int, ok bool) {
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
	if len(parts) != len(n) {
		return n, false
	}
	for i, p := range parts {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil {
			return n, false
		}
	}
	return n, true
}
