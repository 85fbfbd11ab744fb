package feed

import (
	"encoding/json"
	"strings"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is JSON Feed 1.1 (jsonfeed.org/version/1.1): newest first, next_url leads to older ones. The entry itself is in the extension _tavolo.

// version of JSON Feed.
const jsonFeedVersion = "https://jsonfeed.org/version/1.1"

type jsonFeed struct {
	Version  string     `json:"version"`
	Title    string     `json:"title"`
	HomePage string     `json:"home_page_url,omitempty"`
	FeedURL  string     `json:"feed_url,omitempty"`
	NextURL  string     `json:"next_url,omitempty"`
	Language string     `json:"language"`
	Items    []jsonItem `json:"items"`
}

type jsonItem struct {
	ID          string          `json:"id"`
	URL         string          `json:"url,omitempty"`
	Title       string          `json:"title"`
	ContentText string          `json:"content_text"`
	Published   string          `json:"date_published"`
	Tags        []string        `json:"tags,omitempty"`
	Language    string          `json:"language"`
	Tavolo      json.RawMessage `json:"_tavolo"`
}

// JSONFeed writes a page, newest first, as the answer to a pull with newest_first. before is the number that the page was asked to be below; 0: none.
func JSONFeed(s Site, lang string, p *feedv1.PullResponse, before, limit uint64) ([]byte, error) {
	const path = "/v1/feeds/json"
	f := jsonFeed{Version: jsonFeedVersion, Title: tongue(lang).say("feed/title"), HomePage: s.link("/feeds"), Language: language(lang),
		FeedURL: s.Query(path, "before", number(before), "limit", number(limit), "lang", lang), Items: []jsonItem{}}
	if p.More && len(p.Entries) > 0 {
		f.NextURL = s.Query(path, "before", number(p.Entries[len(p.Entries)-1].N), "limit", number(limit), "lang", lang)
	}
	for _, e := range p.Entries {
		data, err := JSON(e)
		if err != nil {
			return nil, err
		}
		x := e.Entry
		f.Items = append(f.Items, jsonItem{
			ID: x.Id, URL: s.link(x.Page), Title: Title(lang, x), ContentText: strings.Join(append([]string{Title(lang, x)}, Lines(lang, x)...), "\n"),
			Published: instant(x.RecordedAt.AsTime()), Tags: tags(x), Language: language(lang), Tavolo: data,
		})
	}
	return write(f)
}

// language is how a text's language is spelt for the world: easy Italian is Italian.
func language(lang string) string {
	if main, _, private := strings.Cut(lang, "-x-"); private {
		return main
	}
	return lang
}

// tags are codes that programs may filter by.
func tags(e *feedv1.Entry) []string {
	all := []string{code(e.Kind.String(), "ENTRY_KIND_"), "workspace:" + e.Workspace, "initiative:" + e.Initiative}
	if e.Outcome != 0 {
		all = append(all, "outcome:"+code(e.Outcome.String(), "OUTCOME_"))
	}
	if e.Area != 0 {
		all = append(all, "area:"+code(e.Area.String(), "AREA_"))
	}
	return all
}

func code(value, prefix string) string { return strings.ToLower(strings.TrimPrefix(value, prefix)) }
