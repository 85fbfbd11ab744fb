package minutes

import (
	"maps"
	"slices"
	"time"
)

// The key tables of a decision: charter, rule, quorum, electorate, tallies and acts. The order of the
// keys is the order in which they are written.

var decisionObject = object[Decision]{
	name: "decision",
	fields: []field[Decision]{
		idField("id", func(d *Decision) *string { return &d.ID }).must(),
		textField("question", func(d *Decision) *string { return &d.Question }),
		one("charter", &charterObject, func(d *Decision) **Charter { return &d.Charter }),
		many("electorate", &electorObject, func(d *Decision) *[]Elector { return &d.Electorate }),
		one("tally", &tallyObject, func(d *Decision) **Tally { return &d.Tally }),
		byConstituency("tally_by_constituency", &tallyObject, func(d *Decision) *map[Constituency]Tally { return &d.TallyByConstituency },
			tallyObject.read, tallyObject.write),
		flagField("claimed_consensus", false, func(d *Decision) *bool { return &d.ClaimedConsensus }),
		wordField("claimed_outcome", outcomes, "", func(d *Decision) *Outcome { return &d.ClaimedOutcome }),
		many("acts", &actObject, func(d *Decision) *[]Act { return &d.Acts }),
	},
}

// byConstituency is a map from codes of constituencies to values.
func byConstituency[T, V any](key string, child shape, at func(*T) *map[Constituency]V, read func(*reader, *node) V, write func(*V) *node) field[T] {
	return field[T]{
		key: key, child: child,
		read: func(r *reader, n *node, into *T) {
			if n.kind != objectNode {
				r.refuseType(n, "minutes/expects-object")
				return
			}
			values := map[Constituency]V{}
			for _, entry := range n.children {
				if entry.kind == nullNode {
					r.decodeProblem(entry, "minutes/nothing-written", "key", echo(entry.key))
					continue
				}
				if code := r.constituency(entry, entry.key); code != "" && entry.kind != unreadableNode {
					values[Constituency(code)] = read(r, entry)
				}
			}
			if len(values) > 0 {
				*at(into) = values
			}
		},
		write: func(from *T) *node {
			values := *at(from)
			if len(values) == 0 {
				return nil
			}
			n := &node{kind: objectNode, inline: true}
			for _, code := range slices.Sorted(maps.Keys(values)) {
				value := values[code]
				child := write(&value)
				child.key = string(code)
				n.children = append(n.children, child)
			}
			return n
		},
	}
}

var charterObject = object[Charter]{
	name:  "charter",
	fresh: Charter{Ratification: DefaultRatification},
	fields: []field[Charter]{
		one("rule", &ruleObject, func(c *Charter) **Rule { return &c.Rule }),
		wordField("ratification", ratifications, DefaultRatification, func(c *Charter) *Ratification { return &c.Ratification }),
		flagField("secret", false, func(c *Charter) *bool { return &c.Secret }),
		idField("precommitted_by", func(c *Charter) *string { return &c.PrecommittedBy }),
	},
}

var ruleObject = object[Rule]{
	name: "rule",
	fields: []field[Rule]{
		wordField("method", methods, "", func(r *Rule) *Method { return &r.Method }).must(),
		thresholdField("threshold", func(r *Rule) *Threshold { return &r.Threshold }, func(r *Rule) Threshold { return ruleDefaults(*r).Threshold }),
		baseField("base", func(r *Rule) *Base { return &r.Base }, func(r *Rule) Base { return ruleDefaults(*r).Base }),
		{
			key: "tie", words: plainWords(ties),
			read: wordField("tie", ties, "", func(r *Rule) *Tie { return &r.Tie }).read,
			write: func(from *Rule) *node {
				if from.Tie == ruleDefaults(*from).Tie {
					return nil
				}
				return textOf(string(from.Tie))
			},
		},
		idField("chair", func(r *Rule) *string { return &r.Chair }),
		idField("holder", func(r *Rule) *string { return &r.Holder }),
		many("constituencies", &constituencyRuleObject, func(r *Rule) *[]ConstituencyRule { return &r.Constituencies }),
		one("quorum", &quorumObject, func(r *Rule) **Quorum { return &r.Quorum }),
		codes("veto", nil, readID, func(r *Rule) *[]string { return &r.Veto }),
		codes("requires_for", nil, readID, func(r *Rule) *[]string { return &r.RequiresFor }),
		numberField("min_members_for", 1, 0, func(r *Rule) *int64 { return &r.MinMembersFor }),
	},
	after: func(_ *reader, _ *node, r *Rule) {
		defaults := ruleDefaults(*r)
		if r.Threshold.Kind == ThresholdUnstated {
			r.Threshold = defaults.Threshold
		}
		if r.Base == "" {
			r.Base = defaults.Base
		}
		if r.Tie == "" {
			r.Tie = defaults.Tie
		}
	},
}

// ruleDefaults are threshold, base and tie of a rule that leaves them out. An overall quota of method
// constituencies exists only when its threshold is stated.
func ruleDefaults(r Rule) Rule {
	switch r.Method {
	case MethodMajority:
		return Rule{Threshold: Majority, Base: DefaultBase, Tie: DefaultTie}
	case MethodUnanimity:
		return Rule{Base: DefaultBase}
	case MethodConstituencies:
		if r.Threshold.Kind == ThresholdUnstated {
			return Rule{Tie: DefaultTie}
		}
		return Rule{Base: DefaultBase, Tie: DefaultTie}
	case MethodConsent, MethodConsensus, MethodSole:
	}
	return Rule{}
}

func thresholdField[T any](key string, at func(*T) *Threshold, unwritten func(*T) Threshold) field[T] {
	return field[T]{
		key:  key,
		read: func(r *reader, n *node, into *T) { *at(into) = r.threshold(n) },
		write: func(from *T) *node {
			switch t := *at(from); {
			case t == unwritten(from) || t.Kind == ThresholdUnstated:
				return nil
			case t.Kind == ThresholdVotes:
				return numberOf(t.Votes)
			default:
				return textOf(t.String())
			}
		},
	}
}

func (r *reader) threshold(n *node) Threshold {
	if n.kind == numberNode {
		if votes, ok := r.whole(n, 1); ok {
			return Threshold{Kind: ThresholdVotes, Votes: votes}
		}
		return Threshold{}
	}
	if n.kind == textNode && n.value == majorityWord {
		return Majority
	}
	if f, ok := parseFraction(n.value); ok && n.kind == textNode {
		return Threshold{Kind: ThresholdFraction, Fraction: f}
	}
	r.refuseType(n, "minutes/threshold")
	return Threshold{}
}

func baseField[T any](key string, at func(*T) *Base, unwritten func(*T) Base) field[T] {
	return field[T]{
		key: key, words: plainWords(bases),
		read: wordField(key, bases, "", at).read,
		write: func(from *T) *node {
			if *at(from) == unwritten(from) {
				return nil
			}
			return textOf(string(*at(from)))
		},
	}
}

var constituencyRuleObject = object[ConstituencyRule]{
	name: "constituency_rule", inline: true,
	fresh: ConstituencyRule{Threshold: Majority, Base: DefaultBase},
	fields: []field[ConstituencyRule]{
		codes("of", nil, readConstituency, func(c *ConstituencyRule) *[]Constituency { return &c.Of }).must().kept(),
		thresholdField("threshold", func(c *ConstituencyRule) *Threshold { return &c.Threshold }, func(*ConstituencyRule) Threshold { return Majority }),
		baseField("base", func(c *ConstituencyRule) *Base { return &c.Base }, func(*ConstituencyRule) Base { return DefaultBase }),
		numberField("min_present", 1, 0, func(c *ConstituencyRule) *int64 { return &c.MinPresent }),
	},
}

var quorumObject = object[Quorum]{
	name: "quorum", inline: true,
	fields: []field[Quorum]{
		{
			key: "fraction",
			read: func(r *reader, n *node, into *Quorum) {
				f, ok := parseFraction(n.value)
				if n.kind != textNode || !ok {
					r.refuseType(n, "minutes/fraction")
					return
				}
				into.Fraction = f
			},
			write: func(from *Quorum) *node {
				if from.Fraction == (Fraction{}) {
					return nil
				}
				return textOf(from.Fraction.String())
			},
		},
		numberField("count", 1, 0, func(q *Quorum) *int64 { return &q.Count }),
		byConstituency("constituencies", nil, func(q *Quorum) *map[Constituency]int64 { return &q.Constituencies },
			func(r *reader, n *node) int64 { v, _ := r.whole(n, 1); return v },
			func(v *int64) *node { return numberOf(*v) }),
	},
}

var electorObject = object[Elector]{
	name: "elector", inline: true,
	fresh: Elector{Standing: DefaultStanding, Weight: DefaultWeight, Present: DefaultPresent},
	fields: []field[Elector]{
		idField("participant", func(e *Elector) *string { return &e.Participant }).must(),
		wordField("standing", standings, DefaultStanding, func(e *Elector) *Standing { return &e.Standing }),
		numberField("weight", 1, DefaultWeight, func(e *Elector) *int64 { return &e.Weight }),
		idField("mandate", func(e *Elector) *string { return &e.Mandate }),
		one("proxy", &proxyObject, func(e *Elector) **Proxy { return &e.Proxy }),
		wordField("ballot", choices, "", func(e *Elector) *Choice { return &e.Ballot }),
		flagField("present", DefaultPresent, func(e *Elector) *bool { return &e.Present }),
		flagField("recused", false, func(e *Elector) *bool { return &e.Recused }),
		wordField("advice", choices, "", func(e *Elector) *Choice { return &e.Advice }),
		flagField("cast", false, func(e *Elector) *bool { return &e.Cast }),
	},
}

var proxyObject = object[Proxy]{
	name: "proxy", inline: true,
	fields: []field[Proxy]{
		idField("to", func(p *Proxy) *string { return &p.To }).must(),
		flagField("instructed", false, func(p *Proxy) *bool { return &p.Instructed }),
	},
}

// unwrittenNever is no number of the format: a field that has it as its unwritten value is always written.
const unwrittenNever = -1

var tallyObject = object[Tally]{
	name: "tally", inline: true,
	fields: []field[Tally]{
		numberField("for", 0, unwrittenNever, func(t *Tally) *int64 { return &t.For }),
		numberField("against", 0, unwrittenNever, func(t *Tally) *int64 { return &t.Against }),
		numberField("abstain", 0, 0, func(t *Tally) *int64 { return &t.Abstain }),
	},
}

var actObject = object[Act]{
	name: "act", inline: true,
	fields: []field[Act]{
		wordField("kind", actKinds, "", func(a *Act) *ActKind { return &a.Kind }).must(),
		idField("by", func(a *Act) *string { return &a.By }),
		idField("objector", func(a *Act) *string { return &a.Objector }),
		flagField("allowed_by_rule", false, func(a *Act) *bool { return &a.AllowedByRule }),
		{
			key: "same_as_outcome",
			read: func(r *reader, n *node, into *Act) {
				if v, ok := r.flag(n); ok {
					into.SameAsOutcome = &v
				}
			},
			write: func(from *Act) *node {
				if from.SameAsOutcome == nil {
					return nil
				}
				return flagOf(*from.SameAsOutcome)
			},
		},
		idField("owner", func(a *Act) *string { return &a.Owner }),
		{
			key: "due",
			read: func(r *reader, n *node, into *Act) {
				due, err := parseDeadline(n.value)
				if n.kind != textNode || err != nil {
					if offsetlessIn.MatchString(n.value) {
						r.decodeProblem(n, "minutes/time-offset-missing", "key", "due")
						return
					}
					r.refuseType(n, "minutes/due")
					return
				}
				into.Due = due
			},
			write: func(from *Act) *node {
				if from.Due == (Deadline{}) {
					return nil
				}
				return &node{kind: textNode, value: from.Due.String(), bare: true}
			},
		},
		momentField("at", func(a *Act) *time.Time { return &a.At }),
	},
}
