package minutes

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Problem is one reason why a file is refused. It is fit for logs: it carries ids, keys, words of the
// format and numbers, never titles, questions, names or texts.
type Problem struct {
	Code         string // stable, e.g. minutes/unknown-key; see Codes
	File         string // the name given to Parse
	Path         string // e.g. items[0].decision.electorate[3].ballot; "" for the file as a whole
	Line, Column int    // from 1, in characters: where the key (or the entry of a list) begins
	Args         map[string]string
}

// Problems are the reasons why a file is refused, in the order of their places; at most MaxProblems.
type Problems []Problem

// Error gives one line a problem, in English: `FILE:LINE:COLUMN PATH: sentence`.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Error gives place, path and the English sentence on one line.
func (p Problem) Error() string { return p.Text("en") }

// Text gives place, path and sentence on one line, in "it" or "en".
func (p Problem) Text(lang string) string {
	place := fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	if p.Path != "" {
		place += " " + p.Path
	}
	return place + ": " + p.Sentence(lang)
}

var placeholder = regexp.MustCompile(`\$[a-z_]+`)

// Sentence says what happened and what to write instead, in Italian ("it") or English (anything else).
func (p Problem) Sentence(lang string) string {
	s, known := sentences[p.Code]
	for _, arg := range variants {
		if _, given := p.Args[arg]; !given {
			continue
		}
		if special, exists := sentences[p.Code+variantMark+arg]; exists {
			s, known = special, true
			break
		}
	}
	if !known {
		return p.Code
	}
	text := s.en
	if lang == "it" {
		text = s.it
	}
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if value, given := p.Args[name[1:]]; given {
			return value
		}
		return name
	})
}

// Codes lists every code that a Problem can carry, sorted.
func Codes() []string {
	var codes []string
	for key := range sentences {
		if !strings.Contains(key, variantMark) {
			codes = append(codes, key)
		}
	}
	slices.Sort(codes)
	return codes
}

// maxEcho is how many characters of an id or a key are repeated in a problem.
const maxEcho = 40

// echo makes an id, a key or a file name fit for a one-line message: cut, and without characters that
// do not print or that end a quotation.
func echo(s string) string { return echoAtMost(s, maxEcho) }

func echoAtMost(s string, limit int) string {
	var b strings.Builder
	count := 0
	for _, c := range s {
		if count++; count > limit {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(c) || c == '"' {
			c = '?'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// maxCollected bounds what is remembered of a file that is wrong everywhere.
const maxCollected = 1000

// reader collects the problems of one file while it is read and checked.
type reader struct {
	file     string
	problems Problems
	values   int // read so far, see MaxValues
}

// refuse notes a problem at a node. args are pairs of name and value; values have to be fit for logs.
func (r *reader) refuse(n *node, code string, args ...string) {
	r.refuseAt(n.line, n.column, n.path(), code, args...)
}

func (r *reader) refuseAt(line, column int, path, code string, args ...string) {
	if len(r.problems) >= maxCollected {
		return
	}
	p := Problem{Code: code, File: r.file, Path: path, Line: line, Column: column}
	if len(args) > 0 {
		p.Args = make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			p.Args[args[i]] = args[i+1]
		}
	}
	r.problems = append(r.problems, p)
}

// found returns the problems sorted by place, or nil.
func (r *reader) found() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.problems[:min(len(r.problems), MaxProblems)]
}
