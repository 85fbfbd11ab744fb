// Package feed writes entries about decisions in the forms that associations read: JSON, Atom, JSON Feed, CloudEvents. Entries go in, bytes come out;
// nothing is asked and nothing is decided here.
//
//	views ─► Entry ─► Numbered (JSON: entries, SSE, WebSocket)      json.go
//	               ─► Atom, RFC 4287, paged by RFC 5005              atom.go
//	               ─► JSON Feed 1.1                                  jsonfeed.go
//	               ─► CloudEvents 1.0 (webhooks, NATS)               cloudevent.go
//	               ─► one sentence for people, in their language     words.go
//
// Every form has the same entries in the same order under the same ids. An id never changes: it is a tag: URI (RFC 4151) made of <workspace>:<sequence>
// and of a name that an installation fixes once. Entries come with it: inside, where there is one installation, they have the part behind that name.
//
// Not here: what an entry may say (views), who may read it (feeds).
package feed

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// ID is the id of the entry of a commit, inside an installation; outside it is a Tag.
func ID(workspace string, sequence uint64) string {
	return workspace + ":" + strconv.FormatUint(sequence, 10)
}

// Page is the address of a decision's public page, without the host.
func Page(workspace, decision string) string { return "/w/" + workspace + "/d/" + decision + "/page" }

// tagYear is the year in the tag: URIs: in it the form was fixed.
const tagYear = "2026"

// Tag is the address that names an entry for ever. authority is a host name of the installation; it is never changed once somebody has read an entry.
func Tag(authority, id string) string { return "tag:" + authority + "," + tagYear + ":" + id }

// Site is where the entries are read.
type Site struct {
	// Base is the address of the installation, without a slash at its end. Empty: links have no host.
	Base string
	// Authority is what stands in tag: URIs.
	Authority string
}

// link makes an address of a path.
func (s Site) link(path string) string { return s.Base + (&url.URL{Path: path}).EscapedPath() }

// Query is an address with parameters, in the order given; parameters come as pairs and those without a value are left out.
func (s Site) Query(path string, pairs ...string) string {
	var q []string
	for p := range slices.Chunk(pairs, 2) {
		if p[1] != "" {
			q = append(q, p[0]+"="+url.QueryEscape(p[1]))
		}
	}
	if len(q) == 0 {
		return s.link(path)
	}
	return s.link(path) + "?" + strings.Join(q, "&")
}

// Matches reports whether an entry is in a scope. Outcomes are looked at where the entry's decision stands; firstOutcome is that of the first entry
// about the decision, so that what points back to an entry follows it.
func Matches(s *feedv1.FeedScope, workspace, initiative string, area, firstOutcome int32) bool {
	here := len(s.GetPlaces()) == 0 || slices.ContainsFunc(s.Places, func(p *feedv1.FeedPlace) bool {
		return p.Workspace == workspace && (p.Initiative == "" || p.Initiative == initiative)
	})
	for _, a := range s.GetAreas() {
		if int32(a) == area {
			area = -1
		}
	}
	for _, o := range s.GetOutcomes() {
		if int32(o) == firstOutcome {
			firstOutcome = -1
		}
	}
	return here && (len(s.GetAreas()) == 0 || area < 0) && (len(s.GetOutcomes()) == 0 || firstOutcome < 0)
}

// instant writes a moment as RFC 3339 wants it, in UTC, to the millisecond: so written, later texts sort later.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
