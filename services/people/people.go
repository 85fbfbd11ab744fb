// Package people knows who is behind a pseudonym, and nobody else does. It seals names and free texts before they go into the log, opens them for
// who may see them, and gives each participant of an initiative a random pseudonym.
//
//	gateway, import ──people.seal──► a new key for each text, durable ──► sealed texts ──► ledger ──► log
//	views, gateway  ──people.open──► texts, or that they are gone
//	gateway, import ──people.enrol─► pseudonyms, durable
//	gateway         ──people.identify, enter, invite …─► who is at a device and what they may do (accounts.go)
//
// The log keeps everything for ever, so it holds ciphertext only. The keys lie here, in one SQLite file that is never in NATS, has its own folder and
// its own backups: destroying a key makes its text unreadable in every copy of the log.
//
// Invariants:
//   - a key is on disk before the text sealed with it leaves (power cut: a text in the log has its key);
//   - one key seals one text, so that one contribution can be destroyed without the others of the same person;
//   - no name, text, short id, secret or token is in a file, in a log line or in an error; the files hold pseudonyms, ids, hashes and wrapped keys.
//
// Who may ask is decided by the bus (its grants) and the gateway. There is one instance: a second one would have other keys.
//
// Not here: what the record says of people (ledger, views); it learns of a seat, a name and consents by commands that the gateway sends.
package people

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/vault"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

const (
	// textCharactersMax is the longest text, in characters: about eight printed pages, more than a contribution ever is.
	textCharactersMax = 20_000
	// wordsMax is how many texts or short ids one request may hold. A request of this size keeps others waiting for less than 0.2 s.
	wordsMax = 5_000
	// idBytesMax is the longest id of a workspace or initiative, name of a field, or short id.
	idBytesMax = 200
	// loggedKeysMax is how many key ids a log line about texts that do not open names.
	loggedKeysMax = 5
)

// Options of the service.
type Options struct {
	// Conn is the service's own connection. It stays open after Stop.
	Conn *nats.Conn
	// Dir is the folder of the key store, of nothing else. It is made when missing.
	Dir string
	// Logger gets what an operator must know. Nil: the default one.
	Logger *slog.Logger
	// Now is the clock of invitations and devices. Nil: the system's.
	Now func() time.Time
}

// Service is the running service.
type Service struct {
	keys     *keyStore
	accounts *accounts
	log      *slog.Logger
	stop     func()
}

// Start opens the key store, or makes it at the first start, and answers requests from then on.
//
// It refuses to start when others may read the keys (people/key-file-open, sqlite/open-to-others), when half of the store is missing
// (people/kek-missing, people/keys-missing) or does not belong to the other half (people/kek-wrong, people/kek-damaged). Going on would
// show every text as erased.
func Start(o Options) (*Service, error) {
	s := &Service{log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	if s.keys, err = openKeys(o.Dir); err != nil {
		return nil, err
	}
	if s.accounts, err = openAccounts(o, s.keys, s.log); err != nil {
		return nil, errors.Join(err, s.keys.close())
	}
	endpoints := map[string]bus.Handler{
		"people.seal":  answer(s.seal),
		"people.open":  answer(s.open),
		"people.enrol": answer(s.enrol),
	}
	maps.Copy(endpoints, s.accounts.endpoints())
	if s.stop, err = bus.Serve(o.Conn, bus.People, "1.0.0", endpoints); err != nil {
		return nil, errors.Join(err, s.accounts.close(), s.keys.close())
	}
	return s, nil
}

// Stop answers the requests under way and closes the key store.
func (s *Service) Stop() error {
	s.stop()
	return errors.Join(s.accounts.close(), s.keys.close())
}

// answer makes a handler of bytes out of one of messages.
func answer[Q any, R proto.Message, PQ interface {
	*Q
	proto.Message
}](handle func(context.Context, PQ) (R, error)) bus.Handler {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		req := PQ(new(Q))
		if err := proto.Unmarshal(data, req); err != nil {
			return nil, decider.Refuse("people/request-unreadable") // The error's own text could quote the request.
		}
		resp, err := handle(ctx, req)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(resp)
	}
}

// seal seals each text under a new key. All keys are durable when it returns, or none exists.
//
// Asking again makes new keys; those of the first time stay unused, and go when the subject is erased. Using them again would save about 0.3 kB
// a text and cost the rule that one key seals one text: the second request need not say the same words, and a destroyed key must never return.
func (s *Service) seal(ctx context.Context, req *peoplev1.SealRequest) (*peoplev1.SealResponse, error) {
	if err := checkSeal(req); err != nil {
		return nil, err
	}
	resp := &peoplev1.SealResponse{Sealed: make([]*eventv1.Sealed, len(req.Words))}
	keys := make([]newKey, len(req.Words))
	for i, w := range req.Words {
		key := vault.NewKey()
		sealed, err := vault.Seal(key, vault.Place{Workspace: req.Workspace, Commit: w.Commit, Field: w.Field}, w.Text)
		if err != nil {
			return nil, err
		}
		resp.Sealed[i] = sealed
		keys[i] = newKey{vault.KeyID(sealed.KeyId), key, vault.Owner{Workspace: req.Workspace, Subject: w.Subject, Record: w.Commit + "/" + strconv.Itoa(i)}}
	}
	if size := proto.Size(resp); size > bus.MaxPayload {
		return nil, decider.Refuse("people/answer-too-large", "bytes", strconv.Itoa(size), "limit", strconv.Itoa(bus.MaxPayload))
	}
	if err := s.keys.add(ctx, keys); err != nil {
		return nil, err
	}
	return resp, nil
}

func checkSeal(req *peoplev1.SealRequest) error {
	if err := checkCount(len(req.Words)); err != nil {
		return err
	}
	if !isID(req.Workspace) {
		return malformed("workspace", 0)
	}
	for i, w := range req.Words {
		switch {
		case !isUUID(w.GetCommit()):
			return malformed("commit", i+1)
		case w.Subject != "" && !isUUID(w.Subject): // A short id here would be stored in clear.
			return malformed("subject", i+1)
		case !isID(w.Field):
			return malformed("field", i+1)
		case w.Text == "": // Open says with an empty text that one does not open.
			return decider.Refuse("people/text-empty", "number", strconv.Itoa(i+1))
		case utf8.RuneCountInString(w.Text) > textCharactersMax:
			return decider.Refuse("people/text-too-long", "number", strconv.Itoa(i+1), "limit", strconv.Itoa(textCharactersMax))
		}
	}
	return nil
}

// open opens what can be opened. Each text has one of three answers: the words; gone, when its key was destroyed or is not known here; neither,
// when the key is there and the text does not open with it, because it was changed, moved from another place, or sealed by a newer program.
// A text that does not open hides no other, for else one damaged commit would hide a whole workspace; it is logged as an error, by key id.
func (s *Service) open(ctx context.Context, req *peoplev1.OpenRequest) (*peoplev1.OpenResponse, error) {
	if err := checkCount(len(req.Words)); err != nil {
		return nil, err
	}
	if !isID(req.Workspace) {
		return nil, malformed("workspace", 0)
	}
	ids := make([][]byte, len(req.Words))
	for i, w := range req.Words {
		ids[i] = w.GetSealed().GetKeyId()
	}
	kept, err := s.keys.find(ctx, ids)
	if err != nil {
		return nil, err
	}
	resp := &peoplev1.OpenResponse{Words: make([]*peoplev1.OpenedWords, len(req.Words))}
	var unopened []string
	for i, w := range req.Words {
		opened := &peoplev1.OpenedWords{}
		resp.Words[i] = opened
		k, known := kept[string(ids[i])]
		if len(ids[i]) == len(vault.KeyID{}) && (!known || k.wrapped == nil) {
			opened.Gone = true
			continue
		}
		key, err := s.keys.unwrap(ids[i], k)
		if err == nil {
			opened.Text, err = vault.Open(key, vault.Place{Workspace: req.Workspace, Commit: w.GetCommit(), Field: w.GetField()}, w.GetSealed())
		}
		if err != nil {
			unopened = append(unopened, hex.EncodeToString(ids[i]))
		}
	}
	if len(unopened) > 0 {
		s.log.ErrorContext(ctx, "people: texts do not open: the log or the key store was changed, or a newer program sealed them; compare with a backup",
			"correlation", bus.Correlation(ctx), "texts", len(unopened), "keys", strings.Join(unopened[:min(len(unopened), loggedKeysMax)], " "))
	}
	return resp, nil
}

// enrol gives the pseudonyms of short ids: the same id in the same initiative always has the same one. Unknown ids get new ones, durable when
// it returns. Ids are compared byte by byte.
func (s *Service) enrol(ctx context.Context, req *peoplev1.EnrolRequest) (*peoplev1.EnrolResponse, error) {
	if err := checkCount(len(req.Refs)); err != nil {
		return nil, err
	}
	if !isID(req.Workspace) {
		return nil, malformed("workspace", 0)
	}
	if !isID(req.Initiative) {
		return nil, malformed("initiative", 0)
	}
	for i, ref := range req.Refs {
		if !isID(ref) {
			return nil, malformed("ref", i+1)
		}
	}
	participants, err := s.keys.pseudonyms(ctx, req.Workspace, req.Initiative, req.Refs)
	if err != nil {
		return nil, err
	}
	return &peoplev1.EnrolResponse{Participants: participants}, nil
}

func checkCount(n int) error {
	if n > wordsMax {
		return decider.Refuse("people/too-many-words", "count", strconv.Itoa(n), "limit", strconv.Itoa(wordsMax))
	}
	return nil
}

// malformed refuses an id without repeating it: what stands there may be a name. number counts from 1; 0 when there is only one.
func malformed(what string, number int) error {
	if number == 0 {
		return decider.Refuse("people/id-malformed", "what", what)
	}
	return decider.Refuse("people/id-malformed", "what", what, "number", strconv.Itoa(number))
}

func isID(s string) bool { return s != "" && len(s) <= idBytesMax }

// isUUID accepts the canonical form only, in lower case.
func isUUID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil && s == strings.ToLower(s)
}
