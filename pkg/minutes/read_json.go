package minutes

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON, with places. encoding/json says whether the text is JSON at all; what is left to do here is
// walking over text that is known to be well formed.

type jsonWalk struct {
	r      *reader
	text   string
	at     int // next byte
	pos    position
	failed bool
}

func (r *reader) readJSON(data []byte) *node {
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, &whole); errors.As(err, &syntax) {
		// Offset counts the bytes read, the one that cannot stand there included.
		r.refuseBytes(data[:max(0, int(syntax.Offset)-1)], "minutes/json-syntax")
		return nil
	}
	w := &jsonWalk{r: r, text: string(data)}
	w.skip(" \t\r\n")
	root := &node{line: 1, column: 1}
	w.value(root, 1)
	if w.failed {
		return nil
	}
	return root
}

// take moves over the next n bytes, keeping count of lines and columns.
func (w *jsonWalk) take(n int) string {
	token := w.text[w.at : w.at+n]
	w.pos.advance(token)
	w.at += n
	return token
}

func (w *jsonWalk) skip(characters string) {
	end := w.at
	for end < len(w.text) && strings.IndexByte(characters, w.text[end]) >= 0 {
		end++
	}
	w.take(end - w.at)
}

// between are the characters between two values of well-formed JSON.
const between = " \t\r\n,:"

// value reads the value that begins here into n, whose place is known already.
func (w *jsonWalk) value(n *node, depth int) {
	if w.r.values++; depth > MaxDepth || w.r.values > MaxValues {
		if !w.failed {
			w.refuseExtent(depth)
		}
		w.failed = true
		return
	}
	switch c := w.text[w.at]; c {
	case '{':
		n.kind = objectNode
		w.members(n, depth)
	case '[':
		n.kind = listNode
		w.entries(n, depth)
	case '"':
		n.kind, n.value = textNode, w.unquoted(n)
	case 't', 'f', 'n':
		n.kind = flagNode
		if n.value = w.take(wordLength(w.text[w.at:])); n.value == "null" {
			n.kind = nullNode
		}
	default:
		n.kind, n.value = numberNode, w.take(wordLength(w.text[w.at:]))
	}
}

func (w *jsonWalk) refuseExtent(depth int) {
	code, limit := "minutes/too-deep", MaxDepth
	if depth <= MaxDepth {
		code, limit = "minutes/too-many-values", MaxValues
	}
	w.r.refuseAt(w.pos.line+1, w.pos.column+1, "", code, "limit", strconv.Itoa(limit))
}

func (w *jsonWalk) members(n *node, depth int) {
	w.take(1)
	keys := keySet{}
	for w.skip(between); w.text[w.at] != '}' && !w.failed; w.skip(between) {
		child := &node{parent: n, line: w.pos.line + 1, column: w.pos.column + 1}
		child.key = w.unquoted(child)
		w.skip(between)
		w.value(child, depth+1)
		if keys.add(w.r, child) {
			n.children = append(n.children, child)
		}
	}
	w.take(1)
}

func (w *jsonWalk) entries(n *node, depth int) {
	w.take(1)
	for w.skip(between); w.text[w.at] != ']' && !w.failed; w.skip(between) {
		child := &node{parent: n, index: len(n.children), line: w.pos.line + 1, column: w.pos.column + 1}
		w.value(child, depth+1)
		n.children = append(n.children, child)
	}
	w.take(1)
}

func wordLength(text string) int {
	end := strings.IndexAny(text, " \t\r\n,]}")
	if end < 0 {
		return len(text)
	}
	return end
}

// unquoted reads a string. Half a surrogate pair and control characters are refused at n.
func (w *jsonWalk) unquoted(n *node) string {
	end := w.at + 1
	escaped := false
	for ; w.text[end] != '"'; end++ {
		if w.text[end] == '\\' {
			escaped = true
			end++
		}
	}
	inner := w.take(end + 1 - w.at)
	inner = inner[1 : len(inner)-1]
	if !escaped {
		return inner
	}
	text, whole := unescape(inner)
	if !whole || strings.IndexFunc(text, isControl) >= 0 {
		w.r.refuseAt(n.line, n.column, n.path(), "minutes/control-character")
		n.taint()
		return strings.ToValidUTF8(text, "?")
	}
	return text
}

// unescape resolves the escapes of a well-formed JSON string; whole is false when it holds half of a
// surrogate pair, which is no character.
func unescape(s string) (text string, whole bool) {
	whole = true
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			c := hexadecimal(s[i+1:])
			i += 4
			if utf16.IsSurrogate(c) {
				second := rune(0)
				if strings.HasPrefix(s[i+1:], `\u`) {
					second = hexadecimal(s[i+3:])
				}
				if c = utf16.DecodeRune(c, second); c == utf8.RuneError {
					whole = false
				} else {
					i += 6
				}
			}
			b.WriteRune(c)
		default: // quotation mark, backslash, slash
			b.WriteByte(s[i])
		}
	}
	return b.String(), whole
}

func hexadecimal(s string) rune {
	v, _ := strconv.ParseUint(s[:4], 16, 32)
	return rune(v)
}

// keySet notices a key that an object states twice; small objects, of which there are most, need no map.
type keySet struct {
	few  []*node
	many map[string]*node
}

// add reports whether the key of n is new; a second one is refused.
func (k *keySet) add(r *reader, n *node) bool {
	first := k.many[n.key]
	for _, earlier := range k.few {
		if earlier.key == n.key {
			first = earlier
		}
	}
	if first != nil {
		r.refuse(n, "minutes/duplicate-key", "key", echo(n.key), "first_line", strconv.Itoa(first.line))
		n.taint()
		return false
	}
	if len(k.few) < 16 {
		k.few = append(k.few, n)
		return true
	}
	if k.many == nil {
		k.many = map[string]*node{}
	}
	k.many[n.key] = n
	return true
}
