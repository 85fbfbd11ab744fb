package minutes

import (
	"slices"
	"strings"
	"time"
)

// What became of a decision: which keys a kind of act needs and may have, and that it came after the
// session was opened.

// actKeys is the table of kinds. `kind`, `by` and `at` may stand in every act.
var actKeys = map[ActKind]struct{ needs, may []string }{
	ActFinalAct:                {needs: []string{"by", "same_as_outcome"}},
	ActDeferred:                {},
	ActObjectionRaised:         {needs: []string{"objector"}},
	ActObjectionIntegrated:     {needs: []string{"objector"}},
	ActObjectionWithdrawn:      {needs: []string{"objector"}},
	ActObjectionDismissed:      {needs: []string{"objector", "by"}, may: []string{"allowed_by_rule"}},
	ActReversed:                {needs: []string{"by"}},
	ActImplementationDue:       {needs: []string{"due"}, may: []string{"owner"}},
	ActImplemented:             {may: []string{"owner"}},
	ActImplementationRefused:   {may: []string{"owner"}},
	ActImplementationExplained: {may: []string{"owner"}},
}

// everyAct are the keys that any kind may have.
var everyAct = []string{"kind", "by", "at"}

func (c *checker) checkActs(acts []Act, n *node) {
	for i := range acts {
		act, at := &acts[i], n.at(i)
		c.checkActKeys(act, at)
		c.someone(act.Objector, at.get("objector"))
		c.someone(act.Owner, at.get("owner"))
		if act.By != Electorate || act.Kind != ActReversed && act.Kind != ActObjectionDismissed {
			c.someone(act.By, at.get("by"))
		}
		c.checkActTimes(act, at)
	}
}

func (c *checker) checkActKeys(act *Act, n *node) {
	keys := actKeys[act.Kind]
	allowed := slices.Compact(slices.Sorted(slices.Values(slices.Concat(everyAct, keys.needs, keys.may))))
	for _, key := range keys.needs {
		if n.get(key) == nil {
			c.refuseAt(n.line, n.column, join(n.path(), key), "minutes/act-needs", "kind", string(act.Kind), "key", key)
		}
	}
	for _, child := range n.list() {
		if !slices.Contains(allowed, child.key) {
			c.refuse(child, "minutes/act-key", "kind", string(act.Kind), "key", child.key, "keys", strings.Join(allowed, ", "))
		}
	}
}

func (c *checker) checkActTimes(act *Act, n *node) {
	opened := c.file.Session.OpenedAt
	if opened.IsZero() || !sound(c.file.root.get("session")) {
		return
	}
	if !act.At.IsZero() && act.At.Before(opened) {
		c.refuse(n.get("at"), "minutes/act-before-session", "kind", string(act.Kind))
	}
	if act.Due != (Deadline{}) && !act.Due.End(opened.Location()).After(opened) {
		c.refuse(n.get("due"), "minutes/due-before-session", "opened", opened.Format(time.DateOnly))
	}
}
