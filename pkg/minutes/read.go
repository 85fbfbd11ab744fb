package minutes

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Reading: from bytes to the tree. What is here refuses whatever is no text, no YAML or JSON, or no
// minutes file at all; the key tables take over from there.

var byteOrderMark = []byte("\xef\xbb\xbf")

// Parse reads a minutes file, YAML or JSON: JSON when its first character is `{`. name is what problems
// call the file. The error is nil or Problems.
//
// Parse is a function of its arguments. It refuses files over MaxBytes before looking at them.
func Parse(name string, data []byte) (*File, error) {
	r := &reader{file: echoAtMost(name, 200)}
	root := r.tree(data)
	if root == nil || !r.isMinutes(root) {
		return nil, r.found()
	}
	f := fileObject.read(r, root)
	f.root = root
	check(r, &f)
	if err := r.found(); err != nil {
		return nil, err
	}
	return &f, nil
}

// tree reads bytes into a tree; nil when that is not possible.
func (r *reader) tree(data []byte) *node {
	if len(data) > MaxBytes {
		r.refuseAt(1, 1, "", "minutes/too-large", "limit", "16 MiB")
		return nil
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	if !r.isText(data) {
		return nil
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(text) == 0:
		r.refuseAt(1, 1, "", "minutes/empty")
		return nil
	case text[0] == '{':
		return r.readJSON(data)
	}
	return r.readYAML(data)
}

// officeFiles begin the files that people most often pick by mistake: zip (docx, xlsx, odt), PDF, old
// Office documents, and UTF-16 text.
var officeFiles = []string{"PK\x03\x04", "%PDF", "\xd0\xcf\x11\xe0", "\xff\xfe", "\xfe\xff"}

// isText refuses what is not UTF-8 and control characters, at the first of them.
func (r *reader) isText(data []byte) bool {
	for _, beginning := range officeFiles {
		if bytes.HasPrefix(data, []byte(beginning)) {
			r.refuseAt(1, 1, "", "minutes/not-text")
			return false
		}
	}
	for i := 0; i < len(data); {
		c := data[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		char, size := utf8.DecodeRune(data[i:])
		if char == utf8.RuneError && size <= 1 {
			r.refuseBytes(data[:i], "minutes/not-utf8")
			return false
		}
		if isControl(char) {
			r.refuseBytes(data[:i], "minutes/control-character")
			return false
		}
		i += size
	}
	return true
}

// isControl reports characters that no minutes contain: C0 except tab and line ends, DEL, and C1.
func isControl(c rune) bool {
	return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f && c <= 0x9f
}

// refuseBytes notes a problem behind the given bytes.
func (r *reader) refuseBytes(before []byte, code string, args ...string) {
	var p position
	p.advance(string(before))
	r.refuseAt(p.line+1, p.column+1, "", code, args...)
}

// position counts lines and characters from 0.
type position struct{ line, column int }

// advance moves behind a text that does not end between the two halves of a line end.
func (p *position) advance(text string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', c == '\r' && !strings.HasPrefix(text[i+1:], "\n"):
			p.line, p.column = p.line+1, 0
		case c != '\r' && utf8.RuneStart(c):
			p.column++
		}
	}
}

// isMinutes refuses what is no minutes file, or one of another version of the format.
func (r *reader) isMinutes(root *node) bool {
	if root.kind != objectNode {
		r.refuse(root, "minutes/not-minutes")
		return false
	}
	format := root.get("format")
	if format == nil {
		for _, f := range fileObject.fields {
			if root.get(f.key) != nil {
				return true // the missing key is reported with whatever else is wrong
			}
		}
		r.refuse(root, "minutes/not-minutes")
		return false
	}
	if format.kind != textNode || format.value != Format {
		r.refuse(format, "minutes/format")
		return false
	}
	return true
}
