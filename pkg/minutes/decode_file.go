package minutes

import "time"

// The key tables of the session: file, department, initiative, session, participants, items and
// contributions. The order of the keys is the order in which they are written.

var fileObject = object[File]{
	name: "file",
	fields: []field[File]{
		textField("format", func(f *File) *string { return &f.Format }).must(),
		always("department", &departmentObject, func(f *File) *Department { return &f.Department }),
		always("initiative", &initiativeObject, func(f *File) *Initiative { return &f.Initiative }),
		always("session", &sessionObject, func(f *File) *Session { return &f.Session }),
		many("participants", &participantObject, func(f *File) *[]Participant { return &f.Participants }).must().kept(),
		many("items", &itemObject, func(f *File) *[]Item { return &f.Items }).must().kept(),
	},
}

var departmentObject = object[Department]{
	name: "department", inline: true,
	fields: []field[Department]{
		idField("id", func(d *Department) *string { return &d.ID }).must(),
		textField("name", func(d *Department) *string { return &d.Name }),
		textField("region", func(d *Department) *string { return &d.Region }),
	},
}

var initiativeObject = object[Initiative]{
	name: "initiative", inline: true,
	fields: []field[Initiative]{
		idField("id", func(i *Initiative) *string { return &i.ID }).must(),
		textField("title", func(i *Initiative) *string { return &i.Title }),
		wordField("scope", scopes, "", func(i *Initiative) *Scope { return &i.Scope }),
		wordField("area", areas, "", func(i *Initiative) *Area { return &i.Area }),
		wordField("stage", stages, "", func(i *Initiative) *Stage { return &i.Stage }),
	},
}

var sessionObject = object[Session]{
	name: "session", inline: true,
	fields: []field[Session]{
		idField("id", func(s *Session) *string { return &s.ID }).must(),
		textField("title", func(s *Session) *string { return &s.Title }),
		wordField("kind", sessionKinds, "", func(s *Session) *SessionKind { return &s.Kind }),
		momentField("opened_at", func(s *Session) *time.Time { return &s.OpenedAt }).must(),
		momentField("closed_at", func(s *Session) *time.Time { return &s.ClosedAt }),
	},
}

var participantObject = object[Participant]{
	name: "participant", inline: true,
	fields: []field[Participant]{
		idField("id", func(p *Participant) *string { return &p.ID }).must(),
		constituencyField("constituency", func(p *Participant) *Constituency { return &p.Constituency }),
		textField("name", func(p *Participant) *string { return &p.Name }),
		flagField("employed_by_department", false, func(p *Participant) *bool { return &p.EmployedByDepartment }),
		codes("appointed", offices, readOffice, func(p *Participant) *[]Office { return &p.Appointed }),
	},
	after: func(r *reader, n *node, p *Participant) {
		if p.ID == Electorate {
			r.decodeProblem(n.get("id"), "minutes/reserved-id", "id", Electorate)
		}
	},
}

var officeWords = plainWords(offices)

func readOffice(r *reader, n *node) string { return r.word(n, officeWords) }

func constituencyField[T any](key string, at func(*T) *Constituency) field[T] {
	return field[T]{
		key:   key,
		read:  func(r *reader, n *node, into *T) { *at(into) = Constituency(readConstituency(r, n)) },
		write: func(from *T) *node { return textOf(string(*at(from))) },
	}
}

var constituencyWords = plainWords(constituencies)

// readConstituency reads the code of a constituency that stands as a value.
func readConstituency(r *reader, n *node) string {
	if n.kind != textNode {
		r.refuseType(n, "minutes/constituency")
		return ""
	}
	return r.constituency(n, n.value)
}

// constituency checks a code. Those that are not in the known list are taken as the department's own,
// unless they are so near a known one that they are most likely a slip.
func (r *reader) constituency(n *node, code string) string {
	for _, known := range constituencyWords {
		if code == known {
			return code
		}
	}
	near := r.nearest(code, constituencyWords)
	switch {
	case near != "":
		r.decodeProblem(n, "minutes/constituency", "near", near)
	case !constituencyForm.MatchString(code):
		r.decodeProblem(n, "minutes/constituency")
	default:
		return code
	}
	return ""
}

var itemObject = object[Item]{
	name: "item",
	fields: []field[Item]{
		idField("id", func(i *Item) *string { return &i.ID }).must(),
		textField("title", func(i *Item) *string { return &i.Title }),
		idField("proposed_by", func(i *Item) *string { return &i.ProposedBy }),
		many("contributions", &contributionObject, func(i *Item) *[]Contribution { return &i.Contributions }),
		{
			key: "decision", child: &decisionObject,
			read: func(r *reader, n *node, into *Item) {
				into.Decisions = append(into.Decisions, decisionObject.read(r, n))
			},
			write: func(from *Item) *node {
				if len(from.Decisions) != 1 {
					return nil
				}
				return decisionObject.write(&from.Decisions[0])
			},
		},
		{
			key: "decisions", child: &decisionObject,
			read: func(r *reader, n *node, into *Item) {
				into.Decisions = append(into.Decisions, listOf(r, n, decisionObject.read)...)
			},
			write: func(from *Item) *node {
				if len(from.Decisions) < 2 {
					return nil
				}
				return listNodeOf(from.Decisions, false, decisionObject.write)
			},
		},
	},
	after: func(r *reader, n *node, _ *Item) {
		if n.get("decision") != nil && n.get("decisions") != nil {
			r.decodeProblem(n.get("decisions"), "minutes/decision-and-decisions")
		}
	},
}

var contributionObject = object[Contribution]{
	name: "contribution", inline: true,
	fields: []field[Contribution]{
		idField("by", func(c *Contribution) *string { return &c.By }).must(),
		wordField("kind", contributionKinds, "", func(c *Contribution) *ContributionKind { return &c.Kind }).must(),
		numberField("seconds", 0, 0, func(c *Contribution) *int64 { return &c.Seconds }),
		textField("text", func(c *Contribution) *string { return &c.Text }),
		numberField("answers", 1, 0, func(c *Contribution) *int64 { return &c.Answers }),
		wordField("reply", replies, "", func(c *Contribution) *Reply { return &c.Reply }),
	},
}
