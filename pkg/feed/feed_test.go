package feed_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/feed"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

var site = feed.Site{Base: "https://tavolo.example.it", Authority: "tavolo.example.it"}

// pages are what is written in the tests: empty, the sample, older pages, every kind, words that mean something to XML.
func pages(t *testing.T) (all []*feedv1.PullResponse) {
	t.Helper()
	sample := feed.Sample()
	all = append(all, &feedv1.PullResponse{Subscription: "s"}, sample)
	older, _ := proto.Clone(sample).(*feedv1.PullResponse)
	older.More = true
	all = append(all, older)
	kinds := &feedv1.PullResponse{Subscription: "s"}
	for k := range feedv1.EntryKind_name {
		if k == 0 {
			continue
		}
		e, _ := proto.Clone(sample.Entries[0]).(*feedv1.NumberedEntry)
		e.Entry.Kind, e.Entry.Id, e.N = feedv1.EntryKind(k), feed.Tag(site.Authority, feed.ID("dsm-esempio", uint64(100+k))), uint64(10+k)
		e.Entry.Question = "Sì & <b>no</b>? ]]> \x00\x0b\ufffe \"'"
		if k == int32(feedv1.EntryKind_ENTRY_KIND_STRUCK) {
			e.Entry.Question, e.Entry.Rule, e.Entry.Outcome, e.Entry.Roles = "", nil, 0, nil
		}
		e.Entry.Contested = k == int32(feedv1.EntryKind_ENTRY_KIND_CONTESTED)
		kinds.Entries = append(kinds.Entries, e)
	}
	slices.SortFunc(kinds.Entries, func(a, b *feedv1.NumberedEntry) int { return int(b.N) - int(a.N) })
	return append(all, kinds)
}

// node is an element of a document, for the grammar.
type node struct {
	name     xml.Name
	attr     []xml.Attr
	text     string
	children []*node
}

func parse(t *testing.T, data []byte) *node {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return root.children[0]
		}
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		top := stack[len(stack)-1]
		switch x := token.(type) {
		case xml.StartElement:
			n := &node{name: x.Name, attr: x.Attr}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(x)
		}
	}
}

func (n *node) all(local string) (found []*node) {
	for _, c := range n.children {
		if c.name.Space == atomNamespace && c.name.Local == local {
			found = append(found, c)
		}
	}
	return found
}

func (n *node) get(name string) string {
	for _, a := range n.attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

const atomNamespace = "http://www.w3.org/2005/Atom"

// tagURI is RFC 4151.
var tagURI = regexp.MustCompile(`^tag:[a-z0-9.-]+,\d{4}(-\d\d){0,2}:[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$`)

// checkAtom holds a document against what RFC 4287 and RFC 5005 demand of a feed; what they say is quoted by section.
func checkAtom(t *testing.T, data []byte, archive bool) {
	t.Helper()
	if !bytes.HasPrefix(data, []byte(`<?xml version="1.0" encoding="UTF-8"?>`)) {
		t.Error("no XML declaration")
	}
	f := parse(t, data)
	if f.name.Space != atomNamespace || f.name.Local != "feed" {
		t.Fatalf("the document is a %v", f.name)
	}
	one := func(n *node, name string, least, most int) {
		if got := len(n.all(name)); got < least || got > most {
			t.Errorf("%d %s in %s", got, name, n.name.Local)
		}
	}
	// 4.1.1: exactly one id, title, updated; at least one author unless every entry has one; one self; at most one alternate of a type and language.
	known := map[string][]string{"feed": {"author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title", "updated", "entry"},
		"entry": {"author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary", "title", "updated"}}
	for name, most := range map[string]int{"id": 1, "title": 1, "updated": 1} {
		one(f, name, 1, most)
	}
	one(f, "author", 1, 99)
	for _, n := range append([]*node{f}, f.all("entry")...) {
		for _, c := range n.children {
			if c.name.Space == atomNamespace && !slices.Contains(known[n.name.Local], c.name.Local) {
				t.Errorf("%s may not hold %s", n.name.Local, c.name.Local)
			}
		}
		alternate := map[string]int{}
		for _, l := range n.all("link") { // 4.2.7: href is an IRI, rel a name or an IRI
			if u, err := url.Parse(l.get("href")); err != nil || l.get("href") == "" || !u.IsAbs() {
				t.Errorf("link %q", l.get("href"))
			}
			if l.get("rel") == "alternate" {
				alternate[l.get("type")+l.get("hreflang")]++
			}
		}
		for kind, n := range alternate {
			if n > 1 {
				t.Errorf("%d alternates of %q", n, kind)
			}
		}
		for _, name := range []string{"updated", "published"} { // 3.3: RFC 3339, T and Z in upper case
			for _, at := range n.all(name) {
				if _, err := time.Parse(time.RFC3339, at.text); err != nil || strings.ContainsAny(at.text, "tz") {
					t.Errorf("%s %q", name, at.text)
				}
			}
		}
		for _, id := range n.all("id") { // 4.2.6: an IRI, never to be changed
			if !tagURI.MatchString(id.text) {
				t.Errorf("id %q is no tag: URI", id.text)
			}
		}
		for _, c := range n.all("category") { // 4.2.2
			if c.get("term") == "" {
				t.Error("a category without a term")
			}
		}
	}
	if xmlLang := f.get("lang"); xmlLang == "" {
		t.Error("no xml:lang")
	}
	ids := map[string]bool{}
	for _, e := range f.all("entry") {
		// 4.1.2: exactly one id, title, updated; at most one content and published; without content an alternate; with it, here too.
		for name, least := range map[string]int{"id": 1, "title": 1, "updated": 1, "content": 0, "published": 0} {
			one(e, name, least, 1)
		}
		if len(e.all("content")) == 0 && !slices.ContainsFunc(e.all("link"), func(l *node) bool { return l.get("rel") == "alternate" }) {
			t.Error("an entry without content and without alternate")
		}
		if c := e.all("content"); len(c) == 1 && (c[0].get("type") != "text" || len(c[0].children) != 0 || strings.TrimSpace(c[0].text) == "") { // 4.1.3.3
			t.Errorf("content %q of type %q", c[0].text, c[0].get("type"))
		}
		if strings.TrimSpace(e.all("title")[0].text) == "" {
			t.Error("an entry without a title")
		}
		id := e.all("id")[0].text
		if ids[id] { // 4.1.1: entries of one id in one feed only with another updated; ours never
			t.Errorf("%s is there twice", id)
		}
		ids[id] = true
	}
	// RFC 5005: current and prev-archive lead on, archive says what it is.
	rels := map[string]int{}
	for _, l := range f.all("link") {
		rels[l.get("rel")]++
	}
	for _, rel := range []string{"self", "current"} {
		if rels[rel] != 1 {
			t.Errorf("%d links of rel %s", rels[rel], rel)
		}
	}
	marked := slices.ContainsFunc(f.children, func(n *node) bool {
		return n.name.Space == "http://purl.org/syndication/history/1.0" && n.name.Local == "archive"
	})
	if marked != archive || rels["prev-archive"] > 1 || rels["next"] > 1 {
		t.Errorf("archive %v, links %v", marked, rels)
	}
}

func TestAtomKeepsTheRFC(t *testing.T) {
	for n, p := range pages(t) {
		for _, lang := range catalogue.Languages() {
			for _, before := range []uint64{0, 99} {
				data, err := feed.Atom(site, lang, p, before, 50)
				if err != nil {
					t.Fatal(err)
				}
				t.Run(fmt.Sprint(n, lang, before), func(t *testing.T) { checkAtom(t, data, before > 0) })
				if again, _ := feed.Atom(site, lang, p, before, 50); !bytes.Equal(data, again) {
					t.Error("the same entries give other bytes")
				}
			}
		}
	}
}

func TestTheGrammarOfAtomCatchesWhatIsWrong(t *testing.T) {
	good, err := feed.Atom(site, "en", feed.Sample(), 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"<id>tag:": "<id>urn:", "<title>Decisions on Tavolo</title>": "", "2026-04-11T16:30:00.000Z</updated>": "yesterday</updated>", `rel="self"`: `rel="me"`,
		"<category term=\"recorded\">": "<category>", "<published>": "<born>", `href="https://tavolo.example.it/feeds"`: `href=""`, "<author>": "<writer>",
	} {
		bad := strings.Replace(string(good), from, to, 1)
		if from[0] == '<' && strings.HasPrefix(from, "<author") || from == "<published>" {
			bad = strings.Replace(bad, "</"+from[1:], "</"+to[1:], 1)
		}
		if bad == string(good) {
			t.Errorf("%q is not in the sample", from)
			continue
		}
		inner := &testing.T{}
		done := make(chan struct{})
		go func() { defer close(done); checkAtom(inner, []byte(bad), false) }()
		<-done
		if !inner.Failed() {
			t.Errorf("%q for %q is not noticed", to, from)
		}
	}
}

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, data []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v in %s", err, data)
	}
}

func TestJSONFeedKeepsItsSchema(t *testing.T) {
	s := schema(t, "jsonfeed-1.1.schema.json")
	for _, p := range pages(t) {
		for _, lang := range catalogue.Languages() {
			data, err := feed.JSONFeed(site, lang, p, 0, 50)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, s, data)
			var f struct {
				Next  string `json:"next_url"`
				Items []struct {
					Tavolo struct{ N string } `json:"_tavolo"`
				}
			}
			if err := json.Unmarshal(data, &f); err != nil || len(f.Items) != len(p.Entries) || (f.Next != "") != p.More {
				t.Errorf("%d items, next %q: %v", len(f.Items), f.Next, err)
			}
			for i, item := range f.Items {
				if item.Tavolo.N != fmt.Sprint(p.Entries[i].N) {
					t.Errorf("item %d is entry %s", i, item.Tavolo.N)
				}
			}
		}
	}
	if err := s.Validate(map[string]any{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": []any{map[string]any{"id": "1"}}}); err == nil {
		t.Error("an item without content is not noticed")
	}
}

func TestCloudEventsKeepTheirSchema(t *testing.T) {
	s := schema(t, "cloudevents-1.0.schema.json")
	last := ""
	for _, p := range pages(t) {
		for _, e := range slices.Backward(p.Entries) {
			data, err := feed.CloudEvent(site, e)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, s, data)
			var c map[string]any
			if err := json.Unmarshal(data, &c); err != nil || c["id"] != e.Entry.Id || !strings.HasPrefix(fmt.Sprint(c["type"]), "it.tavolo.decision.") {
				t.Errorf("%v %v", c["id"], c["type"])
			}
		}
	}
	for _, n := range []uint64{1, 9, 10, 99, 1 << 40} {
		e, _ := proto.Clone(feed.Sample().Entries[0]).(*feedv1.NumberedEntry)
		e.N = n
		data, err := feed.CloudEvent(site, e)
		if err != nil {
			t.Fatal(err)
		}
		var c struct{ Sequence string }
		if err := json.Unmarshal(data, &c); err != nil || c.Sequence <= last {
			t.Errorf("sequence %q does not sort after %q", c.Sequence, last)
		}
		last = c.Sequence
	}
	test, err := feed.TestEvent(site, "test-1")
	if err != nil {
		t.Fatal(err)
	}
	valid(t, s, test)
	if err := s.Validate(map[string]any{"specversion": "1.0", "id": "1", "source": "/", "type": "x", "not_allowed": "y"}); err == nil {
		t.Error("an extension with an underscore is not noticed")
	}
}

// Every form carries the same entries: the ids and their order are equal.
func TestEveryFormHasTheSameEntries(t *testing.T) {
	for _, p := range pages(t)[1:] {
		var ids []string
		for _, e := range p.Entries {
			ids = append(ids, e.Entry.Id)
		}
		atom, _ := feed.Atom(site, "it", p, 0, 50)
		var inAtom []string
		for _, e := range parse(t, atom).all("entry") {
			inAtom = append(inAtom, e.all("id")[0].text)
		}
		plain, err := feed.Entries(site, p, 50)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Entries []struct{ Entry struct{ ID string } }
		}
		if err := json.Unmarshal(plain, &page); err != nil {
			t.Fatal(err)
		}
		var inJSON []string
		for _, e := range page.Entries {
			inJSON = append(inJSON, e.Entry.ID)
		}
		if !slices.Equal(ids, inAtom) || !slices.Equal(ids, inJSON) {
			t.Errorf("%v, Atom %v, JSON %v", ids, inAtom, inJSON)
		}
	}
}

// A rule is said in words in both languages, whatever it is, and without a place that nothing fills.
func TestEveryRuleIsSaidInWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &feedv1.DecisionRule{
			Method: eventv1.Method(rapid.Int32Range(1, 6).Draw(t, "method")), Base: eventv1.Base(rapid.Int32Range(0, 3).Draw(t, "base")), Tie: eventv1.Tie(rapid.Int32Range(0, 3).Draw(t, "tie")),
			Veto: rapid.SliceOf(rapid.SampledFrom([]string{"user", "director", "own_code"})).Draw(t, "veto"), MinMembersFor: rapid.Uint32Range(0, 3).Draw(t, "members"),
			Secret: rapid.Bool().Draw(t, "secret"), Ratification: eventv1.Ratification(rapid.Int32Range(0, 3).Draw(t, "ratification")),
		}
		if rapid.Bool().Draw(t, "threshold") {
			r.Threshold = &eventv1.Threshold{Of: &eventv1.Threshold_Fraction{Fraction: &eventv1.Fraction{Numerator: 2, Denominator: 3}}}
		}
		if rapid.Bool().Draw(t, "quorum") {
			r.Quorum = &eventv1.Quorum{Count: 3, Constituencies: map[string]uint32{"user": 2}}
		}
		for _, lang := range catalogue.Languages() {
			words := feed.RuleInWords(lang, r)
			if words == "" || strings.Contains(words, "…") || strings.Contains(words, "{{") || strings.ContainsRune(words, '_') && !strings.Contains(words, "own_code") {
				t.Errorf("%s: %q", lang, words)
			}
		}
	})
}

func TestTheWordsOfBothLanguagesAreTheSameAndAllAreUsed(t *testing.T) {
	read := func(lang string) map[string]json.RawMessage {
		data, err := os.ReadFile("words/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]json.RawMessage{}
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	source, err := os.ReadFile("words.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile("atom.go")
	if err != nil {
		t.Fatal(err)
	}
	it, en := read("it"), read("en")
	argument := regexp.MustCompile(`\{\{\.[a-z]+\}\}`)
	for key := range it {
		if fmt.Sprint(slices.Sorted(slices.Values(argument.FindAllString(string(it[key]), -1)))) != fmt.Sprint(slices.Sorted(slices.Values(argument.FindAllString(string(en[key]), -1)))) {
			t.Errorf("%s: it %s, en %s", key, it[key], en[key])
		}
		built := strings.HasPrefix(key, "entry/") || strings.HasPrefix(key, "feed/users-")
		if !built && !strings.Contains(string(source)+string(more), `"`+key+`"`) {
			t.Errorf("%s is used nowhere", key)
		}
	}
	if len(it) != len(en) {
		t.Errorf("%d Italian texts, %d English ones", len(it), len(en))
	}
	for k, name := range feedv1.EntryKind_name {
		if key := "entry/" + strings.ToLower(strings.TrimPrefix(name, "ENTRY_KIND_")); k != 0 && it[key] == nil {
			t.Errorf("no words for %s", key)
		}
	}
	for key, text := range it {
		var s string
		if json.Unmarshal(text, &s) == nil && s != "" && !unicode.IsUpper([]rune(strings.TrimPrefix(s, "{{.who}}: r"))[0]) && !strings.HasPrefix(s, "{{") {
			t.Errorf("%s does not begin as a sentence does: %s", key, s)
		}
	}
}
