package minutes

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML, by the core schema of YAML 1.2: only true and false are booleans, and `no`, `off` and `3-4` stay
// text. Anchors, aliases, tags and merge keys are refused: minutes need none, and aliases can make a
// small file enormous.

func (r *reader) readYAML(data []byte) *node {
	if signs(data) > 2*MaxValues {
		r.refuseAt(1, 1, "", "minutes/too-many-values", "limit", strconv.Itoa(MaxValues))
		return nil
	}
	lines := &lineReader{rest: data}
	documents, err := readDocuments(lines)
	switch {
	case err != nil:
		r.refuseYAML(data, err, lines.given)
		return nil
	case len(documents) > 1:
		r.refuseAt(documents[1].Line, documents[1].Column, "", "minutes/several-documents")
		return nil
	case len(documents) == 0 || len(documents[0].Content) != 1:
		r.refuseAt(1, 1, "", "minutes/empty")
		return nil
	}
	root := &node{line: 1, column: 1}
	if !r.convert(documents[0].Content[0], root, 1) {
		return nil
	}
	return root
}

// lineReader gives a text line by line and counts, so that one knows how far the YAML reader came.
type lineReader struct {
	rest  []byte
	given int // lines
}

func (l *lineReader) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	part := l.rest[:min(len(p), len(l.rest))]
	if end := bytes.IndexByte(part, '\n'); end >= 0 {
		part = part[:end+1]
		l.given++
	}
	l.rest = l.rest[len(part):]
	return copy(p, part), nil
}

var errYAMLReader = errors.New("the YAML reader gave up")

// readDocuments reads the first two documents of a YAML text. The reader answers some malformed texts
// with a panic of its own, which is an error of the text here.
func readDocuments(from io.Reader) (documents []*yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			documents, err = nil, errYAMLReader
		}
	}()
	decoder := yaml.NewDecoder(from)
	for len(documents) < 2 {
		document := &yaml.Node{}
		if err := decoder.Decode(document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// signs bounds the number of values in a YAML text, before memory is spent on them, by counting what can
// begin one: about twice as many as there are.
func signs(data []byte) int {
	count := 1
	for i, c := range data {
		switch c {
		case ',', '[', '{', ':', '?':
			count++
		case '-':
			if i+1 == len(data) || data[i+1] <= ' ' {
				count++
			}
		}
	}
	return count
}

// convert copies a YAML node into n, whose place is known already; false when there is too much of it.
func (r *reader) convert(y *yaml.Node, n *node, depth int) bool {
	if r.values++; r.values > MaxValues {
		r.refuseAt(y.Line, y.Column, "", "minutes/too-many-values", "limit", strconv.Itoa(MaxValues))
		return false
	}
	if depth > MaxDepth {
		r.refuseAt(y.Line, y.Column, "", "minutes/too-deep", "limit", strconv.Itoa(MaxDepth))
		return false
	}
	if r.refuseReference(y, n) {
		n.kind = unreadableNode
		n.taint()
		return true
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = objectNode
		return r.convertMembers(y, n, depth)
	case yaml.SequenceNode:
		n.kind = listNode
		n.children = make([]*node, 0, len(y.Content))
		for i, entry := range y.Content {
			child := &node{parent: n, index: i, line: entry.Line, column: entry.Column}
			n.children = append(n.children, child)
			if !r.convert(entry, child, depth+1) {
				return false
			}
		}
	default:
		n.kind, n.value = scalarKind(y), y.Value
		if strings.IndexFunc(n.value, isControl) >= 0 {
			r.refuse(n, "minutes/control-character")
			n.kind = unreadableNode
			n.taint()
		}
	}
	return true
}

func (r *reader) convertMembers(y *yaml.Node, n *node, depth int) bool {
	keys := keySet{}
	n.children = make([]*node, 0, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		child := &node{parent: n, key: key.Value, line: key.Line, column: key.Column}
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			r.refuse(child, "minutes/yaml-merge")
			n.taint()
			continue
		}
		if r.refuseReference(key, child) {
			n.taint()
			continue
		}
		if key.Kind != yaml.ScalarNode || scalarKind(key) == nullNode {
			r.refuseAt(key.Line, key.Column, n.path(), "minutes/key-not-text")
			n.taint()
			continue
		}
		if !r.convert(value, child, depth+1) {
			return false
		}
		if keys.add(r, child) {
			n.children = append(n.children, child)
		}
	}
	return true
}

// refuseReference refuses anchors, aliases and tags.
func (r *reader) refuseReference(y *yaml.Node, n *node) bool {
	switch {
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		r.refuse(n, "minutes/yaml-reference")
	case y.Style&yaml.TaggedStyle != 0:
		r.refuse(n, "minutes/yaml-tag")
	default:
		return false
	}
	return true
}

var (
	coreNumber = regexp.MustCompile(`^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	quoted     = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
)

// scalarKind resolves a scalar by the core schema (YAML 1.2.2, 10.3.2).
func scalarKind(y *yaml.Node) nodeKind {
	if y.Style&quoted != 0 {
		return textNode
	}
	return plainKind(y.Value)
}

func plainKind(value string) nodeKind {
	switch value {
	case "", "~", "null", "Null", "NULL":
		return nullNode
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return flagNode
	}
	if c := value[0]; (c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.') && coreNumber.MatchString(value) {
		return numberNode
	}
	return textNode
}

var (
	yamlLine      = regexp.MustCompile(`line ([0-9]+): `)
	unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
	tabIndent     = regexp.MustCompile(`^ *\t`)
)

// yamlHints recognise the mistakes that people make most often by the words of the YAML reader.
var yamlHints = []struct{ words, code string }{
	{"exceeded max depth", "minutes/too-deep"},
	{"mapping values are not allowed", "minutes/yaml-colon"},
	{"tab character", "minutes/yaml-tab"},
	{"cannot start any token", "minutes/yaml-character"},
}

// refuseYAML translates an error of the YAML reader, whose own words may repeat the file's.
//
// Of its lines, those of the scanner are right; those of the parser ("did not find expected ...") count
// from 0, and sometimes name the line where a list or an object begins: then it is the line read last.
func (r *reader) refuseYAML(data []byte, err error, given int) {
	if m := unknownAnchor.FindStringSubmatch(err.Error()); m != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+m[1]))
		r.refuseBytes(before, "minutes/yaml-reference")
		return
	}
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		if strings.Contains(err.Error(), "did not find expected") {
			line++
			if line < given-1 || strings.Contains(err.Error(), "'-' indicator") {
				line = given
			}
		}
	}
	code := "minutes/yaml-syntax"
	for _, hint := range yamlHints {
		if strings.Contains(err.Error(), hint.words) {
			code = hint.code
			break
		}
	}
	if lines := bytes.SplitN(data, []byte("\n"), line+1); line <= len(lines) && tabIndent.Match(lines[line-1]) {
		code = "minutes/yaml-tab"
	}
	r.refuseAt(line, 1, "", code, "limit", strconv.Itoa(MaxDepth))
}
