package bus

import (
	"maps"
	"slices"
	"strings"
)

// Who may say what. One table, read by the embedded server, by the configuration written for an outside one, and by the test that probes every
// subject with every user (INV-26). Allow-lists only: what is not here is refused by the server.
//
// There are two NATS accounts for the services, because inside one account the sentence "only the ledger writes the log" would be false. A service that may ask
// JetStream anything chooses the subject of the answer, and the server publishes the answer there without asking who chose it: a reader of the
// log could have the server write into the log (measured, see DESIGN.md). So the log lives in an account of its own, where the ledger alone is at
// home. The others reach the reading half of its API, its commands and its discovery through imports, and their answers come back to their own
// account, where no stream listens to log.>. Readers from outside have a third one (readers.go).

// Services are the users of the bus, one each.
const (
	Gateway  = "gateway"  // lets people in
	Ledger   = "ledger"   // takes commands; the only writer of the log
	People   = "people"   // seals and opens names and texts
	Views    = "views"    // folds the log into what people read
	Clerk    = "clerk"    // deadlines
	Feeds    = "feeds"    // tells associations about decisions
	Reader   = "reader"   // the views' second connection: reads the log and answers nobody
	Herald   = "herald"   // the feeds' second connection: speaks with readers from outside, in their account
	Operator = "operator" // the command line on the machine
)

// LogAPI is the prefix under which every service, in either account, finds the JetStream API of the log: logapi.STREAM.INFO.LOG_x and so on.
// Give it to jetstream.NewWithAPIPrefix. The usual $JS.API is the API of the services' own account (timers), which knows no log.
const LogAPI = "logapi"

// Accounts of NATS. Subjects of one are not visible in the other unless an export below says so.
const (
	logAccount      = "LOG"
	servicesAccount = "SERVICES"
	readersAccount  = "READERS"
	systemAccount   = "SYS"
)

// serverState is the question about the server itself that CheckServer asks: does it sync every write?
const serverState = "$SYS.REQ.SERVER.PING.JSZ"

// Grant is what one service may do.
type Grant struct {
	account string
	// Publish and Subscribe are the allowed subjects, with wildcards.
	Publish, Subscribe []string
	// Answers says that the service may answer each request it receives, once, within AnswerWithin.
	Answers bool
}

// readLog are the parts of the log's API that change nothing but a reader's own consumer.
var readLog = []string{
	LogAPI + ".STREAM.NAMES",
	LogAPI + ".STREAM.LIST",
	LogAPI + ".STREAM.INFO.*",
	LogAPI + ".DIRECT.GET.>",
	LogAPI + ".CONSUMER.CREATE.>",
	LogAPI + ".CONSUMER.INFO.*.*",
	LogAPI + ".CONSUMER.DELETE.*.*",
	LogAPI + ".CONSUMER.MSG.NEXT.*.*",
}

// keepTimers is what the clerk needs of JetStream for its one stream. The stream is in the services' account; no other service has a grant on it.
var keepTimers = []string{
	"timer.>",
	"$JS.API.STREAM.CREATE.TIMERS",
	"$JS.API.STREAM.INFO.TIMERS",
	"$JS.API.STREAM.MSG.GET.TIMERS",
	"$JS.API.DIRECT.GET.TIMERS.>",
	"$JS.API.CONSUMER.CREATE.TIMERS.>",
	"$JS.API.CONSUMER.INFO.TIMERS.*",
	"$JS.API.CONSUMER.DELETE.TIMERS.*",
	"$JS.API.CONSUMER.MSG.NEXT.TIMERS.*",
	"$JS.ACK.TIMERS.>",
}

// accounts is what the gateway asks of people about who is there. The offer of the first facilitator's link (people.first) is not among them: it is
// made on the machine, never from outside.
var accounts = []string{
	"people.identify", "people.me", "people.paid", "people.look_at_invitation", "people.enter", "people.become", "people.rename", "people.switch",
	"people.sign_out", "people.devices", "people.invite", "people.invitations", "people.revoke", "people.grants", "people.set_grant", "people.belong",
}

var grants = map[string]Grant{
	Gateway: {
		account:   servicesAccount,
		Publish:   slices.Concat([]string{"cmd.*", "query.*", "feeds.*", "people.seal", "people.open", "people.enrol"}, accounts),
		Subscribe: []string{"changed.>", "left.*", "fed", inbox(Gateway)},
	},
	Ledger: {
		account: logAccount,
		Publish: []string{
			"log.>",
			"$JS.API.STREAM.CREATE.*",
			"$JS.API.STREAM.NAMES",
			"$JS.API.STREAM.INFO.*",
			"$JS.API.STREAM.MSG.GET.*",
			"$JS.API.DIRECT.GET.>",
			serverState,
		},
		Subscribe: slices.Concat([]string{"cmd.*", inbox(Ledger)}, discovery(Ledger)),
		Answers:   true,
	},
	People: {
		account:   servicesAccount,
		Publish:   []string{"left.*"},
		Subscribe: slices.Concat([]string{"people.*", inbox(People)}, discovery(People)),
		Answers:   true,
	},
	Views: {
		account:   servicesAccount,
		Publish:   slices.Concat([]string{"changed.>", "people.open"}, readLog),
		Subscribe: slices.Concat([]string{"query.*", inbox(Views)}, discovery(Views)),
		Answers:   true,
	},
	// The server remembers every message delivered to a user who may answer, for as long as an answer is allowed. Somebody who reads a whole log
	// should not be one: it was a quarter of the processor time of a rebuild (measured in pkg/projection).
	Reader: {
		account:   servicesAccount,
		Publish:   readLog,
		Subscribe: []string{inbox(Reader)},
	},
	Clerk: {
		account:   servicesAccount,
		Publish:   slices.Concat([]string{"cmd.*"}, keepTimers, readLog),
		Subscribe: []string{"timer.>", inbox(Clerk)},
	},
	// What it may tell it gets from the views, and nothing else: neither the log nor whoever opens texts.
	Feeds: {
		account:   servicesAccount,
		Publish:   []string{"query.feed_entries", "query.list_workspaces", "fed"},
		Subscribe: slices.Concat([]string{"changed.>", "feeds.*", inbox(Feeds)}, discovery(Feeds)),
		Answers:   true,
	},
	// It hears what readers ask and speaks to them; it says who may come in, and has a connection closed. It is at home where no service is.
	Herald: {
		account:   readersAccount,
		Publish:   []string{tellPrefix + ">", kickSubject},
		Subscribe: []string{Asks, admitSubject, inbox(Herald)},
		Answers:   true,
	},
	Operator: {
		account:   servicesAccount,
		Publish:   slices.Concat([]string{"cmd.*", "query.*", "people.*", "$SRV.>", serverState}, readLog),
		Subscribe: []string{inbox(Operator)},
	},
}

// logExports are the doors of the log's account: a subject there, and the subject under which the services' account finds it.
// many says that one question may have several answers.
var logExports = []struct {
	subject, as string
	many        bool
}{
	{"cmd.*", "cmd.*", false},
	{"$SRV.>", "$SRV.>", true},
	{"$JS.API.STREAM.NAMES", LogAPI + ".STREAM.NAMES", false},
	{"$JS.API.STREAM.LIST", LogAPI + ".STREAM.LIST", false},
	{"$JS.API.STREAM.INFO.*", LogAPI + ".STREAM.INFO.*", false},
	{"$JS.API.DIRECT.GET.>", LogAPI + ".DIRECT.GET.>", true},
	{"$JS.API.CONSUMER.CREATE.>", LogAPI + ".CONSUMER.CREATE.>", false},
	{"$JS.API.CONSUMER.INFO.*.*", LogAPI + ".CONSUMER.INFO.*.*", false},
	{"$JS.API.CONSUMER.DELETE.*.*", LogAPI + ".CONSUMER.DELETE.*.*", false},
	{"$JS.API.CONSUMER.MSG.NEXT.*.*", LogAPI + ".CONSUMER.MSG.NEXT.*.*", true},
}

// Services gives the names of all users of the bus, sorted.
func Services() []string { return slices.Sorted(maps.Keys(grants)) }

// serviceOf names the service that answers a subject, for the sentence people read when nobody does.
func serviceOf(subject string) string {
	switch first, _, _ := strings.Cut(subject, "."); first {
	case "cmd":
		return Ledger
	case "query":
		return Views
	case "people":
		return People
	case "feeds":
		return Feeds
	case LogAPI:
		return "log"
	default:
		return first
	}
}

// inboxPrefix keeps the answers to one service out of the sight of the others.
func inboxPrefix(service string) string { return "_INBOX_" + service }

func inbox(service string) string { return inboxPrefix(service) + ".>" }

// discovery are the subjects on which the micro framework answers for a service: everybody, this kind, this instance.
func discovery(service string) []string {
	var s []string
	for _, verb := range []string{"PING", "INFO", "STATS"} {
		s = append(s, "$SRV."+verb, "$SRV."+verb+"."+service, "$SRV."+verb+"."+service+".*")
	}
	return s
}
