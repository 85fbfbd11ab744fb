package minutes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// Writing: File -> tree (through the key tables) -> YAML or JSON. One File has one text in each format:
// the order of the keys is that of the tables, maps are sorted by code, defaults are left out.

// Write writes a file so that Parse reads the same File back. format is "yaml" or "json". It does not
// judge: a File that Parse would refuse is written as it stands.
func Write(w io.Writer, f *File, format string) error {
	root := fileObject.write(f)
	var text bytes.Buffer
	switch format {
	case "yaml":
		writeYAML(&text, root, 0)
	case "json":
		writeJSON(&text, root, 0)
		text.WriteByte('\n')
	default:
		return fmt.Errorf("minutes: cannot write format %q: choose yaml or json", format)
	}
	_, err := w.Write(text.Bytes())
	return err
}

const indent = "  "

func newLine(w *bytes.Buffer, depth int) {
	w.WriteByte('\n')
	for range depth {
		w.WriteString(indent)
	}
}

// writeJSON writes a value; objects that are inline stand on one line.
func writeJSON(w *bytes.Buffer, n *node, depth int) {
	open, end := "{", "}"
	switch n.kind {
	case objectNode:
	case listNode:
		open, end = "[", "]"
	case textNode:
		w.WriteString(quote(n.value))
		return
	default:
		w.WriteString(n.value)
		return
	}
	w.WriteString(open)
	for i, child := range n.children {
		if i > 0 {
			w.WriteByte(',')
		}
		switch {
		case !n.inline:
			newLine(w, depth+1)
		case i > 0:
			w.WriteByte(' ')
		}
		if n.kind == objectNode {
			w.WriteString(quote(child.key) + ": ")
		}
		child.inline = child.inline || n.inline
		writeJSON(w, child, depth+1)
	}
	if !n.inline && len(n.children) > 0 {
		newLine(w, depth)
	}
	w.WriteString(end)
}

// writeYAML writes the members of an object, or the entries of a list, each beginning on its own line.
func writeYAML(w *bytes.Buffer, n *node, depth int) {
	for i, child := range n.children {
		if i > 0 || n.kind == listNode {
			w.WriteString(strings.Repeat(indent, depth))
		}
		if n.kind == objectNode {
			w.WriteString(child.key + ":")
		} else {
			w.WriteString("-")
		}
		switch {
		case isFlat(child):
			w.WriteByte(' ')
			writeFlow(w, child, false)
			w.WriteByte('\n')
		case n.kind == listNode: // an object whose first key stands behind the dash
			w.WriteByte(' ')
			writeYAML(w, child, depth+1)
		case child.kind == listNode:
			w.WriteByte('\n')
			writeYAML(w, child, depth+1)
		default:
			newLine(w, depth+1)
			writeYAML(w, child, depth+1)
		}
	}
}

// isFlat reports whether a value stands on one line in YAML.
func isFlat(n *node) bool {
	return n.inline || len(n.children) == 0
}

// writeFlow writes a value on one line of YAML; inside, it stands in a list or an object on that line.
func writeFlow(w *bytes.Buffer, n *node, inside bool) {
	open, end := "{", "}"
	switch n.kind {
	case objectNode:
	case listNode:
		open, end = "[", "]"
	case textNode:
		w.WriteString(yamlText(n, inside))
		return
	default:
		w.WriteString(n.value)
		return
	}
	w.WriteString(open)
	for i, child := range n.children {
		if i > 0 {
			w.WriteString(", ")
		}
		if n.kind == objectNode {
			w.WriteString(child.key + ": ")
		}
		writeFlow(w, child, true)
	}
	w.WriteString(end)
}

var (
	// plainText is text that YAML reads without quotes: words, beginning with a letter or a digit, without
	// the signs of YAML. Inside a line of YAML a question mark is one of them.
	plainText = regexp.MustCompile(`^[\pL\p{Nd}](?:[\pL\p{Nd} _./'’;!?()-]*[\pL\p{Nd}_./'’;!?()-])?$`)
	// otherReaders take these words for booleans, these numbers for something else, and dates for moments.
	otherReaders = regexp.MustCompile(`^(?i:y|yes|n|no|on|off|true|false|null|[0-9][0-9_.,:xob+-]*(e[0-9+-]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|0x[0-9a-f_]*)$`)
)

// yamlText writes text without quotes where every YAML reader takes it for text.
func yamlText(n *node, inside bool) string {
	asSign := inside && strings.Contains(n.value, "?")
	if n.bare || plainText.MatchString(n.value) && !otherReaders.MatchString(n.value) && !asSign {
		return n.value
	}
	return quote(n.value)
}

// quote writes text between quotation marks, in the escapes that JSON and YAML share.
func quote(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("minutes: text always encodes: " + err.Error())
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if strings.IndexFunc(text, needsEscape) < 0 {
		return text
	}
	var escaped strings.Builder
	for _, c := range text {
		if needsEscape(c) {
			fmt.Fprintf(&escaped, `\u%04x`, c)
		} else {
			escaped.WriteRune(c)
		}
	}
	return escaped.String()
}

// needsEscape reports characters that YAML does not take as they are, or that people cannot see.
func needsEscape(c rune) bool {
	if c > 0xffff {
		return false // YAML has no surrogate pairs: beyond the basic plane a character stands for itself
	}
	return isControl(c) || c == 0xfeff || c >= 0xfffe || c != ' ' && unicode.IsSpace(c) || unicode.Is(unicode.Cf, c)
}
