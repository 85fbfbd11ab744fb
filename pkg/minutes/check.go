package minutes

import "strconv"

// What cannot have happened, as far as the file alone tells: ids that nobody has, things said twice,
// answers to what was not said yet, times out of order. Decisions have their own chapters
// (check_decision.go, check_rule.go, check_tally.go, check_act.go).
//
// A part that could not be decoded is left alone here: it has been refused already, and conclusions from
// half of it would only mislead.

// checker looks at a File and at its tree side by side.
type checker struct {
	*reader
	file *File
	// participants by id; nil when the list could not be decoded, and then nobody is unknown.
	participants map[string]*Participant
}

func check(r *reader, f *File) {
	c := &checker{reader: r, file: f}
	root := f.root
	c.checkInitiative(root.get("initiative"))
	c.checkSession(root.get("session"))
	c.checkParticipants(root.get("participants"))
	c.checkItems(root.get("items"))
}

// sound reports whether a node is there and everything in it was decoded.
func sound(n *node) bool { return n != nil && !n.tainted }

func (c *checker) checkInitiative(n *node) {
	if sound(n) && c.file.Initiative.Area != "" && c.file.Initiative.Scope != ScopeArea {
		c.refuse(n.get("area"), "minutes/area-without-scope")
	}
}

func (c *checker) checkSession(n *node) {
	s := c.file.Session
	if sound(n) && !s.ClosedAt.IsZero() && s.ClosedAt.Before(s.OpenedAt) {
		c.refuse(n.get("closed_at"), "minutes/closed-before-opened")
	}
}

// once notices ids that stand for two things.
type once map[string]*node

func (o once) check(c *checker, id string, n *node, code string) {
	if first, taken := o[id]; taken {
		c.refuse(n, code, "id", echo(id), "first_line", strconv.Itoa(first.line))
		return
	}
	if id != "" {
		o[id] = n
	}
}

func (c *checker) checkParticipants(n *node) {
	if n == nil || n.kind != listNode {
		return
	}
	ids := once{}
	known := make(map[string]*Participant, len(c.file.Participants))
	for i := range c.file.Participants {
		p := &c.file.Participants[i]
		if known[p.ID] == nil {
			known[p.ID] = p
		}
		if id := n.at(i).get("id"); id != nil {
			ids.check(c, p.ID, id, "minutes/duplicate-participant")
		}
	}
	if sound(n) {
		c.participants = known
	}
}

// someone refuses an id that no participant has. n is the node that holds the id; nil when none was given.
func (c *checker) someone(id string, n *node) {
	if n == nil || id == "" || c.participants == nil {
		return
	}
	if _, known := c.participants[id]; !known {
		c.refuse(n, "minutes/unknown-participant", "id", echo(id))
	}
}

// everyone is someone for the list of ids under n.
func (c *checker) everyone(ids []string, n *node) {
	for i, id := range ids {
		c.someone(id, n.at(i))
	}
}

func (c *checker) checkItems(n *node) {
	if n == nil || n.kind != listNode {
		return
	}
	items, decisions := once{}, once{}
	for i := range c.file.Items {
		item, at := &c.file.Items[i], n.at(i)
		if id := at.get("id"); id != nil {
			items.check(c, item.ID, id, "minutes/duplicate-item")
		}
		c.someone(item.ProposedBy, at.get("proposed_by"))
		c.checkContributions(item.Contributions, at.get("contributions"))
		for j, d := range decisionNodes(at) {
			if j >= len(item.Decisions) {
				break
			}
			if id := d.get("id"); id != nil {
				decisions.check(c, item.Decisions[j].ID, id, "minutes/duplicate-decision")
			}
			if sound(d) {
				c.checkDecision(&item.Decisions[j], d)
			}
		}
	}
}

// decisionNodes are the nodes of an item's decisions, in the order of Item.Decisions. An item that
// states both `decision` and `decisions` was refused, so none of its decisions is looked at.
func decisionNodes(item *node) []*node {
	one, list := item.get("decision"), item.get("decisions")
	switch {
	case one != nil && list == nil:
		return []*node{one}
	case one == nil && list != nil && list.kind == listNode:
		return list.children
	}
	return nil
}

func (c *checker) checkContributions(contributions []Contribution, n *node) {
	for i := range contributions {
		said, at := &contributions[i], n.at(i)
		c.someone(said.By, at.get("by"))
		number := int64(i) + 1
		switch answers := at.get("answers"); {
		case said.Answers > int64(len(contributions)):
			c.refuse(answers, "minutes/answers-unknown", "number", strconv.FormatInt(said.Answers, 10), "last", strconv.Itoa(len(contributions)))
		case said.Answers >= number:
			c.refuse(answers, "minutes/answers-later", "number", strconv.FormatInt(said.Answers, 10), "own", strconv.FormatInt(number, 10))
		case answers == nil && said.Reply != "":
			c.refuse(at.get("reply"), "minutes/reply-without-answers")
		}
	}
}
