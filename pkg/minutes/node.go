package minutes

import (
	"regexp"
	"strconv"
	"strings"
)

// The tree that YAML and JSON are both read into, and that is written out as either. Every node knows
// its parent, so that its path is built only when somebody asks for it.

type nodeKind uint8

const (
	objectNode nodeKind = iota
	listNode
	textNode
	numberNode // as written; whether it is a whole number is asked later
	flagNode   // true or false
	nullNode
	unreadableNode // refused while reading (an alias, say); nothing more is said about it
)

type node struct {
	kind         nodeKind
	value        string // of text, numbers and flags
	children     []*node
	parent       *node
	key          string // under which it stands in an object
	index        int    // at which it stands in a list
	line, column int    // of the key or of the list entry
	// tainted: something at or beneath it could not be decoded, so that what it says as a whole is unknown.
	tainted bool
	// bare: text that is written without quotes in YAML; inline: written on one line.
	bare, inline bool
}

// get returns what stands under a key of an object, or nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for _, child := range n.children {
		if child.key == key {
			return child
		}
	}
	return nil
}

// at returns an entry of a list, or nil.
func (n *node) at(index int) *node {
	if n == nil || n.kind != listNode || index < 0 || index >= len(n.children) {
		return nil
	}
	return n.children[index]
}

// list returns the entries of a list or the members of an object; none of a node that is not there.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.children
}

func (n *node) taint() {
	for ; n != nil && !n.tainted; n = n.parent {
		n.tainted = true
	}
}

var simpleKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	before := n.parent.path()
	if n.parent.kind == listNode {
		return before + "[" + strconv.Itoa(n.index) + "]"
	}
	return join(before, n.key)
}

func join(path, key string) string {
	switch {
	case !simpleKey.MatchString(key):
		return path + `["` + echo(key) + `"]`
	case path == "":
		return key
	}
	return path + "." + key
}

// Place says where a path (`items[0].decision.electorate[3].ballot`) stood in the parsed file: line and
// column, from 1, of its key or list entry. `decision` and `decisions[0]` mean the same. For a path that
// was left out it is the place of the nearest object or list around it. In a File that was not parsed it
// is 0, 0.
func (f *File) Place(path string) (line, column int) {
	n := f.root
	if n == nil {
		return 0, 0
	}
	for path != "" {
		var next *node
		next, path = step(n, path)
		if next == nil {
			break
		}
		n = next
	}
	return n.line, n.column
}

// step goes from n along the first part of a path and returns what is left of the path.
func step(n *node, path string) (next *node, rest string) {
	if inner, isIndex := strings.CutPrefix(path, "["); isIndex {
		number, rest, _ := strings.Cut(inner, "]")
		index, err := strconv.Atoi(number)
		if err != nil {
			return nil, ""
		}
		if index == 0 && n.key == "decision" && n.kind == objectNode {
			return n, rest
		}
		return n.at(index), rest
	}
	path = strings.TrimPrefix(path, ".")
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	key, rest := path[:end], path[end:]
	switch next = n.get(key); {
	case next == nil && key == "decision":
		next = n.get("decisions").at(0)
	case next == nil && key == "decisions":
		next = n.get("decision")
	}
	return next, rest
}

// DecisionPath is the path of Items[item].Decisions[decision]: with `decision` in a file that says so
// and in an item that holds one decision, else with `decisions[...]`.
func (f *File) DecisionPath(item, decision int) string {
	path := "items[" + strconv.Itoa(item) + "]"
	if f.root != nil {
		if f.root.get("items").at(item).get("decision") != nil {
			return path + ".decision"
		}
	} else if item < len(f.Items) && len(f.Items[item].Decisions) == 1 {
		return path + ".decision"
	}
	return path + ".decisions[" + strconv.Itoa(decision) + "]"
}
