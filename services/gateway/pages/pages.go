// Package pages writes what can be read, and voted, without JavaScript: the page of a decision, the minutes of a session as a page and as Markdown, the
// form of a ballot, a session for a calendar. What the views answer goes in, bytes come out; nothing is asked and nothing is decided here.
//
//	views' answers ─► Decision, Minutes, Ballot … ─► Doc ─► HTML (pages/*.html, pages.css) or Markdown
//
// A Doc is a document before it has a form: sections, paragraphs, facts, lists, tables. So the page and the file of the same minutes say the same.
//
// Three promises are kept here and nowhere else:
//
//   - who may not be named is not: on a public page nobody is, in minutes whoever refused the consent name_in_minutes (people.go)
//   - words that somebody does not want in the minutes are not there (words_in_minutes)
//   - figures of a public page do not tell of small groups (public.go)
//
// Not here: who may read what (the gateway asks on behalf of the caller), the sentences of refusals (catalogue).
package pages

// Piece is some words in a line.
type Piece struct {
	Text string
	// Strong stands out.
	Strong bool
	// Said are words that somebody at the table wrote or said: they keep their line breaks, and are nobody's translation.
	Said bool
	// Href makes it a link.
	Href string
}

// Line is one line of words.
type Line []Piece

// Block is a part of a document: exactly one of its fields is set.
type Block struct {
	Section *Section
	Para    *Para
	Facts   []Fact
	List    *List
	Table   *Table
	// Chart is a picture of a table beside it; a file without pictures leaves it out.
	Chart *Chart
	Code  *Code
}

// Code is something to be copied as it is, such as a command.
type Code struct {
	// ID is unique in the document.
	ID   string
	Text string
	// Copy is what the button says that copies it.
	Copy string
	// Copied is what it says then.
	Copied string
}

// Section has a heading and what is below it.
type Section struct {
	// ID is unique in the document.
	ID     string
	Title  Line
	Blocks []Block
	// Level of the heading, 2 to 6; set when the document is written.
	Level int
}

// Para is a paragraph.
type Para struct {
	Line
	// Class is its look: "", note (small), notice (somebody should see it), empty (there is nothing), outcome.
	Class string
}

// Fact is something with a name.
type Fact struct {
	Of   string
	Says []Line
}

// List has one line an entry.
type List struct {
	Numbered bool
	Items    []Line
}

// Table has a heading a column. The first cell of a row is its heading.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]Line
}

// Doc is a document.
type Doc struct {
	// Kind says what sort of document it is, above the title.
	Kind   string
	Title  Line
	Blocks []Block
	// Actions are links beside the title: the same in another form, what can be done. Not printed.
	Actions Line
}

func plain(text string) Line  { return Line{{Text: text}} }
func strong(text string) Line { return Line{{Text: text, Strong: true}} }
func said(text string) Line   { return Line{{Text: text, Said: true}} }

func para(l Line) Block           { return Block{Para: &Para{Line: l}} }
func note(text string) Block      { return Block{Para: &Para{Line: plain(text), Class: "note"}} }
func notice(text string) Block    { return Block{Para: &Para{Line: plain(text), Class: "notice"}} }
func nothing(text string) Block   { return Block{Para: &Para{Line: plain(text), Class: "empty"}} }
func bullets(items []Line) Block  { return Block{List: &List{Items: items}} }
func numbered(items []Line) Block { return Block{List: &List{Items: items, Numbered: true}} }

func section(id string, title Line, blocks ...Block) Block {
	return Block{Section: &Section{ID: id, Title: title, Blocks: blocks}}
}

// facts leaves out those that say nothing.
func facts(all ...Fact) Block {
	var stated []Fact
	for _, f := range all {
		if len(f.Says) > 0 {
			stated = append(stated, f)
		}
	}
	return Block{Facts: stated}
}

// fact is a fact in one line of ours; empty text says nothing.
func fact(of, text string) Fact {
	if text == "" {
		return Fact{}
	}
	return Fact{of, []Line{plain(text)}}
}

// level sets the levels of the headings, from 2 on.
func level(blocks []Block, at int) {
	for _, b := range blocks {
		if b.Section != nil {
			b.Section.Level = min(at, 6)
			level(b.Section.Blocks, at+1)
		}
	}
}

// Say gives a text of the pages in a language.
func Say(lang, key string) string { return tongue(lang).say(key) }

// Problem is the page that says why there is none.
func Problem(lang, sentence string) Doc {
	l := tongue(lang)
	return Doc{Kind: "Tavolo", Title: plain(l.say("page/problem")), Blocks: []Block{notice(sentence), para(Line{{Text: l.say("page/to-start"), Href: "/"}})}}
}
