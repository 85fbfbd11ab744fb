// Package aggregate gives the five deciders one face: which aggregate a command is for, what else it has to look at, and the fold of an
// aggregate's commits with its gapless version.
//
//	workspace            dsm-bologna
//	initiative           csm-orari
//	session              csm-orari:2026-03-05
//	item                 csm-orari:i1
//	decision             csm-orari:2026-03-05:d1
//
// Decide is pure: what it needs of other aggregates (the roll of the initiative, whether session and item exist) comes through load.
//
// Not here: where commits are kept (eventlog), caching and retries (services/ledger).
package aggregate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
	"tavolo/pkg/domain/workspace"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Kind of aggregate. The word is stored in every commit and in the subject.
type Kind string

// The kinds.
const (
	Workspace  Kind = "workspace"
	Initiative Kind = "initiative"
	Session    Kind = "session"
	Item       Kind = "item"
	Decision   Kind = "decision"
)

// Key names an aggregate within its workspace.
type Key struct {
	Kind Kind
	ID   string
}

// Aggregate is the fold of one aggregate's commits. Exactly one of the states is set, by its kind.
type Aggregate struct {
	Key
	// Version counts its commits; Seq is the sequence of the last one in the log, 0 when there is none.
	Version, Seq uint64
	Workspace    *workspace.State
	Initiative   *initiative.State
	Session      *session.State
	Item         *item.State
	Decision     *decision.State
	// commits remembers which commit ids it holds and where: a command that comes again is answered as the first time.
	commits map[string]uint64
}

// New gives an aggregate without commits.
func New(key Key) *Aggregate {
	a := &Aggregate{Key: key, commits: map[string]uint64{}}
	switch key.Kind {
	case Workspace:
		a.Workspace = &workspace.State{}
	case Initiative:
		a.Initiative = &initiative.State{}
	case Session:
		a.Session = &session.State{}
	case Item:
		a.Item = &item.State{}
	case Decision:
		a.Decision = &decision.State{}
	}
	return a
}

// Clone copies the aggregate so that a trial fold leaves the original alone.
func (a *Aggregate) Clone() *Aggregate {
	c := *a
	c.commits = make(map[string]uint64, len(a.commits)+1)
	for id, seq := range a.commits {
		c.commits[id] = seq
	}
	switch a.Kind {
	case Workspace:
		c.Workspace = a.Workspace.Clone()
	case Initiative:
		c.Initiative = a.Initiative.Clone()
	case Session:
		c.Session = a.Session.Clone()
	case Item:
		c.Item = a.Item.Clone()
	case Decision:
		c.Decision = a.Decision.Clone()
	}
	return &c
}

// Holds reports whether a commit of this id is part of the aggregate, and its sequence.
func (a *Aggregate) Holds(commit string) (seq uint64, ok bool) {
	seq, ok = a.commits[commit]
	return seq, ok
}

// Apply folds one commit. It refuses one that does not carry the next version, and one with an event that this program does not know (a
// newer one wrote it): a broken guard or a bad restore must become an alarm, and a fold that skipped an event would be wrong.
func (a *Aggregate) Apply(seq uint64, c *eventv1.Commit) error {
	if c.Version != a.Version+1 {
		return decider.Refuse("eventlog/version-gap", "aggregate", string(a.Kind), "id", a.ID)
	}
	for _, e := range c.Events {
		if e.Name() == "" {
			return decider.Refuse("eventlog/unknown-event", "aggregate", string(a.Kind), "id", a.ID)
		}
	}
	for _, e := range c.Events {
		a.Evolve(decider.Fact{Seq: seq, Commit: c.Id, Event: e})
	}
	a.Version, a.Seq = c.Version, seq
	a.commits[c.Id] = seq
	return nil
}

// Evolve folds one event.
func (a *Aggregate) Evolve(f decider.Fact) {
	switch a.Kind {
	case Workspace:
		workspace.Evolve(a.Workspace, f)
	case Initiative:
		initiative.Evolve(a.Initiative, f)
	case Session:
		session.Evolve(a.Session, f)
	case Item:
		item.Evolve(a.Item, f)
	case Decision:
		decision.Evolve(a.Decision, f)
	}
}

// own is the form of one part of an id: what may stand in a NATS subject and in an address without being written differently.
var own = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// parts of an id by kind.
var parts = map[Kind]int{Workspace: 1, Initiative: 1, Session: 2, Item: 2, Decision: 3}

func (k Key) check() error {
	ids := strings.Split(k.ID, ":")
	if len(ids) != parts[k.Kind] {
		return decider.Refuse("id/malformed", "kind", string(k.Kind))
	}
	for _, id := range ids {
		if !own.MatchString(id) {
			return decider.Refuse("id/malformed", "kind", string(k.Kind))
		}
	}
	return nil
}

// InitiativeKey gives the key of the initiative that an aggregate belongs to; ok is false for the workspace itself.
func (k Key) InitiativeKey() (key Key, ok bool) {
	if k.Kind == Workspace {
		return Key{}, false
	}
	id, _, _ := strings.Cut(k.ID, ":")
	return Key{Initiative, id}, true
}

// Of says which workspace and aggregate a command is for, or refuses a malformed id.
func Of(cmd *commandv1.Command) (ws string, key Key, err error) {
	switch c := cmd.Of.(type) {
	case *commandv1.Command_FoundWorkspace:
		ws, key = c.FoundWorkspace.Workspace, Key{Workspace, c.FoundWorkspace.Workspace}
	case *commandv1.Command_DescribeWorkspace:
		ws, key = c.DescribeWorkspace.Workspace, Key{Workspace, c.DescribeWorkspace.Workspace}
	default:
		ws, key = target(cmd)
	}
	if key.Kind == "" {
		return "", Key{}, decider.Refuse("command/empty")
	}
	if !own.MatchString(ws) {
		return "", Key{}, decider.Refuse("id/malformed", "kind", string(Workspace))
	}
	return ws, key, key.check()
}

// target reads the aggregate's id from the field of the command that is named after its kind: initiative, session, item or decision.
func target(cmd *commandv1.Command) (string, Key) {
	m := cmd.ProtoReflect()
	f := m.WhichOneof(m.Descriptor().Oneofs().ByName("of"))
	if f == nil {
		return "", Key{}
	}
	body := m.Get(f).Message()
	fields := body.Descriptor().Fields()
	id := fields.ByNumber(2) // by convention: 1 is the workspace, 2 the aggregate, named after its kind
	return body.Get(fields.ByNumber(1)).String(), Key{Kind(id.Name()), body.Get(id).String()}
}

// Load gives the current fold of an aggregate of the same workspace; one without commits when there is none. The result is not changed.
type Load func(Key) (*Aggregate, error)

// Decide says which events a command makes of an aggregate, or refuses it. It changes nothing.
func Decide(a *Aggregate, cmd *commandv1.Command, load Load, now time.Time) ([]*eventv1.Event, error) {
	if !wellFormed(cmd.ProtoReflect()) {
		return nil, decider.Refuse("command/malformed")
	}
	if a.Kind == Workspace {
		return workspace.Decide(a.Workspace, cmd, now)
	}
	if err := founded(cmd, load); err != nil {
		return nil, err
	}
	if a.Kind == Initiative {
		return initiative.Decide(a.Initiative, cmd, now)
	}
	key, _ := a.InitiativeKey()
	home, err := load(key)
	if err != nil {
		return nil, err
	}
	if !home.Initiative.Opened {
		return nil, decider.Refuse("initiative/unknown", "initiative", key.ID)
	}
	if err := exist(a, cmd, load); err != nil {
		return nil, err
	}
	switch a.Kind {
	case Session:
		return session.Decide(a.Session, cmd, home.Initiative.Roll, now)
	case Item:
		return item.Decide(a.Item, cmd, home.Initiative.Roll, now)
	default:
		return decision.Decide(a.Decision, cmd, home.Initiative.Roll, now)
	}
}

// wellFormed reports whether every code is one of its list and every time a time: the log holds nothing that a reader could not name.
func wellFormed(m protoreflect.Message) bool {
	if at, ok := m.Interface().(*timestamppb.Timestamp); ok {
		return at.IsValid()
	}
	ok := true
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				ok = ok && wellFormedValue(f, v.List().Get(i))
			}
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
				ok = ok && wellFormedValue(f.MapValue(), value)
				return ok
			})
		default:
			ok = wellFormedValue(f, v)
		}
		return ok
	})
	return ok
}

func wellFormedValue(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
	switch f.Kind() {
	case protoreflect.EnumKind:
		return f.Enum().Values().ByNumber(v.Enum()) != nil
	case protoreflect.MessageKind:
		return wellFormed(v.Message())
	}
	return true
}

func founded(cmd *commandv1.Command, load Load) error {
	ws, _, err := Of(cmd)
	if err != nil {
		return err
	}
	w, err := load(Key{Workspace, ws})
	if err != nil {
		return err
	}
	if !w.Workspace.Founded {
		return decider.Refuse("workspace/unknown", "workspace", ws)
	}
	return nil
}

// exist refuses a command that names a session or an item that was never prepared or proposed, or of another initiative.
func exist(a *Aggregate, cmd *commandv1.Command, load Load) error {
	home, _ := a.InitiativeKey()
	ours := func(key Key) error {
		if err := key.check(); err != nil {
			return err
		}
		if of, _ := key.InitiativeKey(); of != home {
			return decider.Refuse("id/of-another-initiative", "kind", string(key.Kind))
		}
		return nil
	}
	has := func(key Key) error {
		if err := ours(key); err != nil {
			return err
		}
		x, err := load(key)
		switch {
		case err != nil:
			return err
		case x.Version > 0:
			return nil
		case key.Kind == Session:
			return decider.Refuse("session/unknown", "session", key.ID)
		default:
			return decider.Refuse("item/unknown", "item", key.ID)
		}
	}
	going := func(id string) error { // a session that goes on
		if err := has(Key{Session, id}); err != nil {
			return err
		}
		in, err := load(Key{Session, id})
		switch {
		case err != nil:
			return err
		case in.Session.Phase == session.Prepared:
			return decider.Refuse("session/not-open")
		case in.Session.Phase == session.Closed:
			return decider.Refuse("session/closed")
		}
		return nil
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_SetCurrentItem:
		if c.SetCurrentItem.Item != "" {
			return ours(Key{Item, c.SetCurrentItem.Item})
		}
	case *commandv1.Command_RaiseHand:
		return going(c.RaiseHand.Session)
	case *commandv1.Command_GiveFloor:
		return going(c.GiveFloor.Session)
	case *commandv1.Command_LowerHand:
		return has(Key{Session, c.LowerHand.Session})
	case *commandv1.Command_ReturnFloor:
		return has(Key{Session, c.ReturnFloor.Session})
	case *commandv1.Command_WordContribution:
		return has(Key{Session, c.WordContribution.Session})
	case *commandv1.Command_SetAgenda: // items may be put on an agenda before they are proposed
		return each(c.SetAgenda.Items, func(id string) error { return ours(Key{Item, id}) })
	case *commandv1.Command_CorrectSession:
		return each(c.CorrectSession.Items, func(id string) error { return ours(Key{Item, id}) })
	case *commandv1.Command_RecordContributions:
		return has(Key{Session, c.RecordContributions.Session})
	case *commandv1.Command_CorrectContributions:
		return has(Key{Session, c.CorrectContributions.Session})
	case *commandv1.Command_PoseDecision:
		_, in, _ := decision.Split(c.PoseDecision.Decision)
		if err := has(Key{Session, in}); err != nil {
			return err
		}
		return has(Key{Item, c.PoseDecision.Item})
	case *commandv1.Command_AmendProposal:
		return takesUp(a, c.AmendProposal.TakesUp, load)
	case *commandv1.Command_CorrectDecision:
		for _, step := range c.CorrectDecision.Steps {
			if pose := step.GetPoseDecision(); pose != nil {
				return has(Key{Item, pose.Item})
			}
		}
	}
	return nil
}

// takesUp refuses an amendment that takes up a contribution which nobody made to the decision's item in its session.
func takesUp(a *Aggregate, number uint32, load Load) error {
	if number == 0 || a.Decision.Item == "" {
		return nil
	}
	x, err := load(Key{Item, a.Decision.Item})
	if err != nil {
		return err
	}
	_, in, _ := decision.Split(a.ID)
	if !slices.ContainsFunc(x.Item.In(in), func(c item.Contribution) bool { return c.Number == number }) {
		return decider.Refuse("decision/takes-up-nothing", "number", strconv.FormatUint(uint64(number), 10))
	}
	return nil
}

func each(ids []string, check func(string) error) error {
	for _, id := range ids {
		if err := check(id); err != nil {
			return err
		}
	}
	return nil
}
