package feed

import (
	"bytes"
	"encoding/xml"
	"strings"
	"time"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is Atom (RFC 4287), paged by RFC 5005. The newest page is the one that readers subscribe to; prev-archive leads to older entries, page
// by page, so that who was away for long finds them all. An entry about an earlier one says so by rel=related.

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	History string      `xml:"xmlns:fh,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Archive *struct{}   `xml:"fh:archive"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Updated    string         `xml:"updated"`
	Published  string         `xml:"published"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Content    atomText       `xml:"content"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// historyNamespace is that of RFC 5005.
const historyNamespace = "http://purl.org/syndication/history/1.0"

// Atom writes a page, newest first, as the answer to a pull with newest_first. before is the number that the page was asked to be below; 0: none.
// A page with a before is an archive: its entries never change and none is ever added.
func Atom(s Site, lang string, p *feedv1.PullResponse, before, limit uint64) ([]byte, error) {
	const path, kind = "/v1/feeds/atom", "application/atom+xml"
	at := func(before uint64) string {
		return s.Query(path, "before", number(before), "limit", number(limit), "lang", lang)
	}
	f := atomFeed{Lang: language(lang), History: historyNamespace, ID: Tag(s.Authority, "feeds/"+p.Subscription), Title: tongue(lang).say("feed/title"),
		Updated: instant(time.Unix(0, 0)), Author: atomAuthor{"Tavolo"},
		Links: []atomLink{{"self", kind, at(before)}, {"alternate", "text/html", s.link("/feeds")}, {"current", kind, at(0)}}}
	if before > 0 {
		f.Archive = &struct{}{}
	}
	if p.More && len(p.Entries) > 0 {
		older := at(p.Entries[len(p.Entries)-1].N)
		f.Links = append(f.Links, atomLink{"prev-archive", kind, older}, atomLink{"next", kind, older})
	}
	for _, e := range p.Entries {
		x := e.Entry
		entry := atomEntry{ID: x.Id, Title: clean(Title(lang, x)), Updated: instant(x.RecordedAt.AsTime()), Published: instant(x.OccurredAt.AsTime()),
			Links:   []atomLink{{"alternate", "text/html", s.link(x.Page)}},
			Content: atomText{"text", clean(strings.Join(append([]string{Title(lang, x)}, Lines(lang, x)...), "\n"))}}
		if x.About != x.Id {
			entry.Links = append(entry.Links, atomLink{"related", "", x.About})
		}
		for _, t := range tags(x) {
			entry.Categories = append(entry.Categories, atomCategory{t})
		}
		f.Updated = max(f.Updated, entry.Updated)
		f.Entries = append(f.Entries, entry)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// clean leaves out the characters that XML cannot hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, text)
}
