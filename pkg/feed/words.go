package feed

import (
	"embed"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/catalogue"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter says an entry in words. Words of codes are the catalogue's; those that only feeds need lie in words/.

//go:embed words/*.json
var files embed.FS

var book = func() catalogue.Book {
	own, err := fs.Sub(files, "words")
	if err != nil {
		panic("feed: " + err.Error()) // only for a name that is no path, and ours is one
	}
	return catalogue.Open(own)
}()

// tongue is the language of a text.
type tongue string

func (l tongue) say(key string, pairs ...string) string {
	args := map[string]string{}
	for p := range slices.Chunk(pairs, 2) {
		args[p[0]] = p[1]
	}
	return book.Sentence(key, string(l), args)
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

// label says a value of a code list of the contract; "" when it is not stated.
func (l tongue) label(e protoreflect.Enum) string {
	value := e.Descriptor().Values().ByNumber(e.Number())
	if e.Number() == 0 || value == nil {
		return ""
	}
	list := strings.ToLower(capital.ReplaceAllString(string(e.Descriptor().Name()), "${1}_${2}"))
	code := strings.TrimPrefix(strings.ToLower(string(value.Name())), list+"_")
	return l.say(strings.TrimSuffix(list, "_kind") + "/" + code)
}

// group says who a role is of.
func (l tongue) group(who string) string {
	code, constituency := strings.CutPrefix(who, "constituency:")
	switch {
	case !constituency:
		return l.say("feed/" + strings.ReplaceAll(who, ":", "-"))
	case book.Has("constituency/" + code):
		return l.say("constituency/" + code)
	}
	return code
}

func (l tongue) constituencies(codes []string) string {
	var names []string
	for _, c := range codes {
		names = append(names, l.group("constituency:"+c))
	}
	return strings.Join(names, ", ")
}

// Title is an entry in one line.
func Title(lang string, e *feedv1.Entry) string {
	l := tongue(lang)
	what := l.label(e.Kind)
	if e.Kind == feedv1.EntryKind_ENTRY_KIND_RECORDED && e.Outcome != eventv1.Outcome_OUTCOME_UNSPECIFIED {
		what = l.label(e.Outcome)
	}
	if e.Kind == feedv1.EntryKind_ENTRY_KIND_FOLLOWED_UP && len(e.Became) > 0 {
		what = l.label(e.Became[len(e.Became)-1].Kind)
	}
	if e.Question == "" {
		return what
	}
	return what + ": " + e.Question
}

// Lines are an entry in sentences: outcome, rule, the role of each group with its reason, what became of it.
func Lines(lang string, e *feedv1.Entry) (lines []string) {
	l := tongue(lang)
	if e.Outcome != eventv1.Outcome_OUTCOME_UNSPECIFIED {
		says := l.say("feed/outcome", "outcome", l.label(e.Outcome))
		if why := l.label(e.OutcomeReason); why != "" {
			says += " " + why + "."
		}
		lines = append(lines, says)
	}
	if words := RuleInWords(lang, e.Rule); words != "" {
		lines = append(lines, l.say("feed/rule", "rule", words))
	}
	for _, r := range e.Roles {
		lines = append(lines, l.say("feed/role", "who", l.group(r.Who), "role", l.say("role/"+r.Role), "reason", l.say("reason/"+r.Reason)))
	}
	if t := e.Figures.GetTally(); t != nil {
		lines = append(lines, l.say("feed/tally", "for", count(t.For), "against", count(t.Against), "abstain", count(t.Abstain)))
	}
	for _, b := range e.Became {
		says := b.At.AsTime().UTC().Format("2006-01-02") + ": " + l.label(b.Kind)
		if b.Due != "" {
			says += " (" + b.Due + ")"
		}
		lines = append(lines, says+".")
	}
	if e.Contested {
		lines = append(lines, l.say("feed/contested"))
	}
	return lines
}

// RuleInWords says how it was decided. "" for no rule.
func RuleInWords(lang string, r *feedv1.DecisionRule) string {
	if r == nil {
		return ""
	}
	l := tongue(lang)
	says := []string{l.label(r.Method) + "."}
	add := func(key string, pairs ...string) { says = append(says, l.say(key, pairs...)) }
	if r.Holder != "" {
		add("feed/holder", "who", l.constituencies([]string{r.Holder}))
	}
	for _, c := range r.Constituencies {
		says = append(says, l.constituencies(c.Of)+": "+l.enough(c.Threshold, c.Base))
		if c.MinPresent > 0 {
			add("feed/quorum-of", "who", l.constituencies(c.Of), "n", count(uint64(c.MinPresent)))
		}
	}
	if r.Method == eventv1.Method_METHOD_MAJORITY || r.Method == eventv1.Method_METHOD_CONSTITUENCIES && r.Threshold != nil {
		says = append(says, l.enough(r.Threshold, r.Base))
	}
	if len(r.Veto) > 0 {
		add("feed/veto", "who", l.constituencies(r.Veto))
	}
	if len(r.RequiresFor) > 0 {
		add("feed/requires", "who", l.constituencies(r.RequiresFor))
	}
	if r.MinMembersFor > 0 {
		add("feed/members-for", "n", count(uint64(r.MinMembersFor)))
	}
	says = append(says, l.quorum(r.Quorum)...)
	if tie := l.label(r.Tie); tie != "" {
		if r.Chair != "" {
			tie += " (" + l.constituencies([]string{r.Chair}) + ")"
		}
		says = append(says, tie+".")
	}
	if r.Secret {
		add("feed/secret")
	}
	if r.Precommitted {
		add("feed/precommitted")
	}
	if r.Ratification == eventv1.Ratification_RATIFICATION_LEGALITY || r.Ratification == eventv1.Ratification_RATIFICATION_MERIT {
		says = append(says, l.label(r.Ratification)+".")
	}
	return strings.Join(says, " ")
}

// enough says how much is enough, and of what.
func (l tongue) enough(t *eventv1.Threshold, base eventv1.Base) string {
	if base == eventv1.Base_BASE_UNSPECIFIED {
		base = eventv1.Base_BASE_CAST
	}
	of := " " + l.say("feed/base", "base", l.label(base))
	switch x := t.GetOf().(type) {
	case *eventv1.Threshold_Votes:
		return l.say("feed/at-least-votes", "n", count(x.Votes))
	case *eventv1.Threshold_Fraction:
		return l.say("feed/at-least-share", "share", share(x.Fraction)) + of
	}
	return l.say("feed/majority") + of
}

func (l tongue) quorum(q *eventv1.Quorum) (says []string) {
	if q.GetCount() > 0 {
		says = append(says, l.say("feed/quorum-count", "n", count(uint64(q.Count))))
	}
	if f := q.GetFraction(); f != nil {
		says = append(says, l.say("feed/quorum-share", "share", share(f)))
	}
	for _, code := range slices.Sorted(maps.Keys(q.GetConstituencies())) {
		says = append(says, l.say("feed/quorum-of", "who", l.constituencies([]string{code}), "n", count(uint64(q.Constituencies[code]))))
	}
	return says
}

func share(f *eventv1.Fraction) string {
	return count(uint64(f.Numerator)) + "/" + count(uint64(f.Denominator))
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }
