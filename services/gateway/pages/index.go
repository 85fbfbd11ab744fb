package pages

import (
	"net/url"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Index lists what can be read without JavaScript: the minutes of every session and the page of every decision, by initiative. names: only the
// initiatives, each with a link to its own list.
func Index(lang string, workspaces []*apiv1.WorkspaceView, initiatives map[string][]*apiv1.InitiativeView, names bool) Doc {
	l := tongue(lang)
	doc := Doc{Kind: "Tavolo", Title: plain(l.say("page/index"))}
	for _, w := range workspaces {
		var blocks []Block
		for _, i := range initiatives[w.Id] {
			id := w.Id + "-" + i.GetInitiative().GetId()
			blocks = append(blocks, section(id, said(i.GetInitiative().GetTitle()), index(l, w.Id, i)...))
		}
		if names && len(w.Initiatives) > 0 {
			var lines []Line
			for _, i := range w.Initiatives {
				lines = append(lines, Line{{Text: i.Title, Said: true, Href: "/pages?" + url.Values{"workspace": {w.Id}, "initiative": {i.Id}}.Encode()}})
			}
			blocks = append(blocks, bullets(lines))
		}
		if len(blocks) == 0 {
			blocks = []Block{nothing(l.say("page/index-empty"))}
		}
		doc.Blocks = append(doc.Blocks, section(w.Id, said(w.Name), blocks...))
	}
	if len(doc.Blocks) == 0 {
		doc.Blocks = []Block{nothing(l.say("page/index-empty"))}
	}
	level(doc.Blocks, 2)
	return doc
}

func index(l tongue, workspace string, i *apiv1.InitiativeView) (blocks []Block) {
	var sessions, decisions []Line
	for _, s := range i.Sessions {
		sessions = append(sessions, Line{{Text: s.Title + " – " + l.date(started(s)), Href: "/w/" + workspace + "/s/" + s.Id + "/minutes"}})
	}
	for _, d := range i.Decisions {
		text := d.Question
		if outcome := l.label(d.Outcome); outcome != "" {
			text += " – " + outcome
		}
		decisions = append(decisions, Line{{Text: text, Href: "/w/" + workspace + "/d/" + d.Id + "/page"}})
	}
	if len(sessions) > 0 {
		blocks = append(blocks, para(strong(l.say("page/index-sessions"))), bullets(sessions))
	}
	if len(decisions) > 0 {
		blocks = append(blocks, para(strong(l.say("page/index-decisions"))), bullets(decisions))
	}
	return blocks
}
