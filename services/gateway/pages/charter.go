package pages

import (
	"maps"
	"slices"
	"strconv"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The charter in words, and what became of the decision.

// charter says what was fixed before the vote.
func (c chapter) charter() Block {
	charter, rule := c.d.Charter, c.d.Charter.GetRule()
	if rule == nil {
		return nothing(c.say("page/no-rule"))
	}
	ballots := c.say("page/ballots-open")
	if charter.Secret {
		ballots = c.say("page/ballots-secret")
	}
	ratification := c.label(charter.Ratification)
	if ratification == "" {
		ratification = c.say("ratification/none")
	}
	return facts(
		fact(c.say("page/method"), c.label(rule.Method)),
		fact(c.say("page/holder"), c.nameOr(rule.Holder, "")),
		Fact{c.say("page/threshold"), c.thresholds(rule)},
		Fact{c.say("page/conditions"), c.further(rule)},
		Fact{c.say("page/quorum"), c.quorumAsked(rule)},
		fact(c.say("page/tie"), c.tie(rule)),
		Fact{c.say("page/ratification"), []Line{c.ratifiedBy(ratification)}},
		fact(c.say("page/precommitted"), c.nameOr(charter.PrecommittedBy, "")),
		fact(c.say("page/ballots"), ballots),
		fact(c.say("page/role-promised"), c.label(charter.RolePromised)),
		fact(c.say("page/role-asked"), c.label(charter.RoleAsked)),
		fact(c.say("page/implementer"), c.nameOr(charter.Implementer, "")),
		fact(c.say("page/due"), c.due(charter.Due)),
	)
}

// ratifiedBy says which ratification there is, and whose, in the words of the charter. Nobody is named on a public page: it may be a person.
func (c chapter) ratifiedBy(kind string) Line {
	if who := c.words("", c.d.Ratifier); who != nil {
		return append(plain(kind+": "), who...)
	}
	return plain(kind)
}

func (c chapter) nameOr(id, none string) string {
	if id == "" {
		return none
	}
	return c.name(id)
}

// counts reports whether votes are counted against a threshold; the other methods ask for everyone, for no objection or for one person.
func counts(rule *eventv1.Rule) bool {
	return rule.Method == eventv1.Method_METHOD_MAJORITY || rule.Method == eventv1.Method_METHOD_CONSTITUENCIES
}

func (c chapter) thresholds(rule *eventv1.Rule) (lines []Line) {
	for _, each := range rule.Constituencies {
		var of []string
		for _, code := range each.Of {
			of = append(of, c.constituency(code))
		}
		lines = append(lines, plain(c.list(of)+": "+c.enough(each.Threshold, each.Base)))
	}
	if rule.Method == eventv1.Method_METHOD_MAJORITY || rule.Method == eventv1.Method_METHOD_CONSTITUENCIES && rule.Threshold != nil {
		lines = append(lines, plain(c.enough(rule.Threshold, rule.Base)))
	}
	return lines
}

// enough says how much is enough, and of what.
func (c chapter) enough(t *eventv1.Threshold, base eventv1.Base) string {
	says := c.say("page/majority")
	switch of := t.GetOf().(type) {
	case *eventv1.Threshold_Votes:
		return c.say("page/at-least-votes", "n", n(of.Votes))
	case *eventv1.Threshold_Fraction:
		says = c.say("page/at-least-share", "share", n(of.Fraction.Numerator)+"/"+n(of.Fraction.Denominator))
	}
	if base == eventv1.Base_BASE_UNSPECIFIED {
		base = eventv1.Base_BASE_CAST
	}
	return says + " " + c.say("page/base", "base", c.label(base))
}

// further are the conditions beside the threshold.
func (c chapter) further(rule *eventv1.Rule) (lines []Line) {
	if len(rule.Veto) > 0 {
		lines = append(lines, plain(c.say("page/veto", "who", c.names(rule.Veto))))
	}
	if len(rule.RequiresFor) > 0 {
		lines = append(lines, plain(c.say("page/requires", "who", c.names(rule.RequiresFor))))
	}
	if rule.MinMembersFor > 0 {
		lines = append(lines, plain(c.say("page/members-for", "n", n(rule.MinMembersFor))))
	}
	return lines
}

func (c chapter) quorumAsked(rule *eventv1.Rule) (lines []Line) {
	q := rule.Quorum
	if q.GetCount() > 0 {
		lines = append(lines, plain(c.say("page/quorum-count", "n", n(q.Count))))
	}
	if f := q.GetFraction(); f != nil {
		lines = append(lines, plain(c.say("page/quorum-share", "share", n(f.Numerator)+"/"+n(f.Denominator))))
	}
	for _, code := range slices.Sorted(maps.Keys(q.GetConstituencies())) {
		lines = append(lines, plain(c.say("page/quorum-of", "who", c.constituency(code), "needed", n(q.Constituencies[code]))))
	}
	for _, each := range rule.Constituencies {
		if each.MinPresent > 0 && len(each.Of) > 0 {
			lines = append(lines, plain(c.say("page/quorum-of", "who", c.constituency(each.Of[0]), "needed", n(each.MinPresent))))
		}
	}
	if len(lines) > 0 {
		return lines
	}
	if c.d.Phase == apiv1.DecisionPhase_DECISION_PHASE_CLOSED {
		return []Line{plain(c.say("page/quorum-none"))}
	}
	return []Line{plain(c.say("page/quorum-none-now"))}
}

func (c chapter) tie(rule *eventv1.Rule) string {
	if !counts(rule) {
		return ""
	}
	tie := rule.Tie
	if tie == eventv1.Tie_TIE_UNSPECIFIED {
		tie = eventv1.Tie_TIE_STATUS_QUO
	}
	says := c.label(tie)
	if tie == eventv1.Tie_TIE_CHAIR && rule.Chair != "" && !c.nobody {
		says += " (" + c.name(rule.Chair) + ")"
	}
	return says
}

// acts is what became of the decision, in the order in which it happened.
func (c chapter) acts() []Block {
	var items []Line
	for _, a := range c.d.Acts {
		if c.nobody && slices.Contains(ofOnePerson, a.Act.GetKind()) {
			continue
		}
		items = append(items, c.act(a))
	}
	if len(items) == 0 {
		return []Block{nothing(c.say("page/no-acts"))}
	}
	return []Block{bullets(items)}
}

// ofOnePerson are the acts about an objection, which is somebody's: on a public page they are not told, nor how many there were.
var ofOnePerson = []eventv1.ActKind{eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED,
	eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN, eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED}

func (c chapter) act(a *apiv1.ActView) Line {
	act := a.Act
	l := Line{}
	if a.At != nil {
		l = append(l, Piece{Text: c.date(a.At) + ": "})
	}
	l = append(l, Piece{Text: c.label(act.GetKind()) + ".", Strong: true})
	add := func(text string) { l = append(l, Piece{Text: " " + text}) }
	if !c.nobody {
		if act.GetBy() != "" {
			add(c.say("page/act-by", "who", c.name(act.By)))
		}
		if act.GetObjector() != "" {
			add(c.say("page/act-objector", "who", c.name(act.Objector)))
		}
		if act.GetOwner() != "" {
			add(c.say("page/act-owner", "who", c.name(act.Owner)))
		}
	}
	if act.GetByElectorate() {
		add(c.say("page/by-electorate"))
	}
	switch act.GetKind() {
	case eventv1.ActKind_ACT_KIND_FINAL_ACT:
		add(c.say(map[bool]string{true: "page/act-same", false: "page/act-other"}[act.SameAsOutcome]))
	case eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED:
		add(c.say(map[bool]string{true: "page/act-allowed", false: "page/act-not-allowed"}[act.AllowedByRule]))
	}
	if act.GetDue() != "" {
		add(c.say("page/act-due", "day", c.due(act.Due)))
	}
	whose := act.GetBy()
	if act.GetKind() == eventv1.ActKind_ACT_KIND_OBJECTION_RAISED {
		whose = act.GetObjector() // who holds a proxy, or facilitates, may have said it for them
	}
	if words := c.words(whose, a.Reason); words != nil {
		l = append(append(l, Piece{Text: " " + c.say("page/because") + " "}), words...)
	}
	return l
}

// people in a room are counted with their perspective.
func counted(name string, heads int) string { return name + ": " + strconv.Itoa(heads) }
