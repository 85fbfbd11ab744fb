package minutes

import (
	"strconv"
	"strings"
	"time"
)

// The key tables. An object of the format is a list of fields; a field knows its key, how its value is
// read into the Go value and how it is written back. The reader, the writer, "did you mean" and the test
// that compares the schema with the parser all walk the same tables.

// field is one key of an object whose Go value is a T.
type field[T any] struct {
	key      string
	required bool
	words    []string // of an enumeration
	child    shape    // the object beneath, or in the list or map beneath
	read     func(r *reader, n *node, into *T)
	write    func(from *T) *node // nil when there is nothing to write, or only a default
}

// object is the key table of an object.
type object[T any] struct {
	name   string // in the schema
	inline bool   // written on one line in YAML
	fresh  T      // defaults of what is left out
	fields []field[T]
	after  func(r *reader, n *node, into *T) // what has to be said once all keys are read; may be nil
}

// shape is what the tables look like to those who only ask for keys.
type shape interface {
	describe(visit func(object, key string, required bool, words []string, child shape))
}

func (o *object[T]) describe(visit func(object, key string, required bool, words []string, child shape)) {
	for _, f := range o.fields {
		visit(o.name, f.key, f.required, f.words, f.child)
	}
}

func (o *object[T]) keys() []string {
	keys := make([]string, len(o.fields))
	for i, f := range o.fields {
		keys[i] = f.key
	}
	return keys
}

func (o *object[T]) read(r *reader, n *node) T {
	v := o.fresh
	if n.kind != objectNode {
		r.refuseType(n, "minutes/expects-object")
		return v
	}
	for _, child := range n.children {
		f := o.field(child.key)
		switch {
		case f == nil:
			r.unknownKey(child, o.keys())
		case child.kind == unreadableNode:
		case child.kind == nullNode:
			r.decodeProblem(child, "minutes/nothing-written", "key", f.key)
		default:
			f.read(r, child, &v)
		}
	}
	for _, f := range o.fields {
		if f.required && n.get(f.key) == nil {
			r.refuseAt(n.line, n.column, join(n.path(), f.key), "minutes/missing-key", "key", f.key)
			n.taint()
		}
	}
	if o.after != nil {
		o.after(r, n, &v)
	}
	return v
}

func (o *object[T]) field(key string) *field[T] {
	for i := range o.fields {
		if o.fields[i].key == key {
			return &o.fields[i]
		}
	}
	return nil
}

func (o *object[T]) write(from *T) *node {
	n := &node{kind: objectNode, inline: o.inline}
	for _, f := range o.fields {
		if child := f.write(from); child != nil {
			child.key = f.key
			n.children = append(n.children, child)
		}
	}
	return n
}

// decodeProblem refuses a node that could not be decoded, so that nothing is concluded from it.
func (r *reader) decodeProblem(n *node, code string, args ...string) {
	r.refuse(n, code, args...)
	n.taint()
}

// refuseType refuses a node of the wrong type, unless it was refused already when it was read.
func (r *reader) refuseType(n *node, code string) {
	if n.kind != unreadableNode {
		r.decodeProblem(n, code)
	}
}

func (f field[T]) must() field[T] {
	f.required = true
	return f
}

// kept writes an empty list where the list may be empty but its key may not be left out.
func (f field[T]) kept() field[T] {
	write := f.write
	f.write = func(from *T) *node {
		if n := write(from); n != nil {
			return n
		}
		return &node{kind: listNode, inline: true}
	}
	return f
}

// Constructors of fields: one a type of value. `at` says where in T the value is.

func textField[T any](key string, at func(*T) *string) field[T] {
	return field[T]{
		key: key,
		read: func(r *reader, n *node, into *T) {
			if n.kind != textNode && n.kind != numberNode {
				r.refuseType(n, "minutes/expects-text")
				return
			}
			*at(into) = n.value
		},
		write: func(from *T) *node { return textOf(*at(from)) },
	}
}

func textOf(s string) *node {
	if s == "" {
		return nil
	}
	return &node{kind: textNode, value: s}
}

func idField[T any](key string, at func(*T) *string) field[T] {
	return field[T]{
		key:   key,
		read:  func(r *reader, n *node, into *T) { *at(into), _ = r.id(n) },
		write: func(from *T) *node { return textOf(*at(from)) },
	}
}

// id reads an id. A number is taken as it is written: ids are text.
func (r *reader) id(n *node) (id string, ok bool) {
	if n.kind != textNode && n.kind != numberNode || !validID(n.value) {
		r.refuseType(n, "minutes/id")
		return "", false
	}
	return n.value, true
}

func wordField[T any, W ~string](key string, words []W, unwritten W, at func(*T) *W) field[T] {
	known := plainWords(words)
	return field[T]{
		key: key, words: known,
		read: func(r *reader, n *node, into *T) { *at(into) = W(r.word(n, known)) },
		write: func(from *T) *node {
			if *at(from) == unwritten {
				return nil
			}
			return textOf(string(*at(from)))
		},
	}
}

func plainWords[W ~string](words []W) []string {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	return plain
}

func (r *reader) word(n *node, known []string) string {
	if n.kind == textNode {
		for _, w := range known {
			if w == n.value {
				return w
			}
		}
	}
	if n.kind != unreadableNode {
		args := []string{"allowed", strings.Join(known, ", ")}
		if near := r.nearest(n.value, known); near != "" {
			args = append(args, "near", near)
		}
		r.decodeProblem(n, "minutes/unknown-word", args...)
	}
	return ""
}

func numberField[T any](key string, least, unwritten int64, at func(*T) *int64) field[T] {
	return field[T]{
		key:  key,
		read: func(r *reader, n *node, into *T) { *at(into), _ = r.whole(n, least) },
		write: func(from *T) *node {
			if *at(from) == unwritten {
				return nil
			}
			return numberOf(*at(from))
		},
	}
}

func numberOf(v int64) *node { return &node{kind: numberNode, value: strconv.FormatInt(v, 10)} }

// whole reads a whole number from least to MaxNumber, written with digits only.
func (r *reader) whole(n *node, least int64) (v int64, ok bool) {
	if n.kind != numberNode || strings.Trim(n.value, "+-0123456789") != "" {
		r.refuseType(n, "minutes/expects-whole-number")
		return 0, false
	}
	v, err := strconv.ParseInt(n.value, 10, 64)
	switch negative := strings.HasPrefix(n.value, "-"); {
	case negative && (err != nil || v < least), err == nil && v < least:
		r.decodeProblem(n, "minutes/number-too-small", "least", strconv.FormatInt(least, 10))
	case err != nil || v > MaxNumber:
		r.decodeProblem(n, "minutes/number-too-large", "most", strconv.Itoa(MaxNumber))
	default:
		return v, true
	}
	return 0, false
}

func flagField[T any](key string, unwritten bool, at func(*T) *bool) field[T] {
	return field[T]{
		key:  key,
		read: func(r *reader, n *node, into *T) { *at(into), _ = r.flag(n) },
		write: func(from *T) *node {
			if *at(from) == unwritten {
				return nil
			}
			return flagOf(*at(from))
		},
	}
}

func flagOf(v bool) *node { return &node{kind: flagNode, value: strconv.FormatBool(v)} }

func (r *reader) flag(n *node) (v, ok bool) {
	if n.kind != flagNode {
		r.refuseType(n, "minutes/expects-true-or-false")
		return false, false
	}
	return strings.EqualFold(n.value, "true"), true
}

func momentField[T any](key string, at func(*T) *time.Time) field[T] {
	return field[T]{
		key: key,
		read: func(r *reader, n *node, into *T) {
			t, err := parseMoment(n.value)
			switch {
			case n.kind == textNode && err == nil:
				*at(into) = t
			case dayForm.MatchString(n.value):
				r.decodeProblem(n, "minutes/time-of-day-missing", "key", key)
			case offsetlessIn.MatchString(n.value):
				r.decodeProblem(n, "minutes/time-offset-missing", "key", key)
			default:
				r.refuseType(n, "minutes/time")
			}
		},
		write: func(from *T) *node {
			if at(from).IsZero() {
				return nil
			}
			return &node{kind: textNode, value: formatMoment(*at(from)), bare: true}
		},
	}
}

// one is an object beneath, which may be left out.
func one[T, E any](key string, o *object[E], at func(*T) **E) field[T] {
	return field[T]{
		key: key, child: o,
		read: func(r *reader, n *node, into *T) {
			v := o.read(r, n)
			*at(into) = &v
		},
		write: func(from *T) *node {
			if *at(from) == nil {
				return nil
			}
			return o.write(*at(from))
		},
	}
}

// always is an object beneath that may not be left out.
func always[T, E any](key string, o *object[E], at func(*T) *E) field[T] {
	return field[T]{
		key: key, child: o, required: true,
		read:  func(r *reader, n *node, into *T) { *at(into) = o.read(r, n) },
		write: func(from *T) *node { return o.write(at(from)) },
	}
}

// many is a list of objects. An entry that could not be read keeps its place in the list.
func many[T, E any](key string, o *object[E], at func(*T) *[]E) field[T] {
	return field[T]{
		key: key, child: o,
		read: func(r *reader, n *node, into *T) { *at(into) = listOf(r, n, o.read) },
		write: func(from *T) *node {
			return listNodeOf(*at(from), false, func(e *E) *node { return o.write(e) })
		},
	}
}

func listOf[E any](r *reader, n *node, read func(*reader, *node) E) []E {
	if n.kind != listNode {
		r.refuseType(n, "minutes/expects-list")
		return nil
	}
	var list []E
	for _, entry := range n.children {
		list = append(list, read(r, entry))
	}
	return list
}

func listNodeOf[E any](list []E, inline bool, write func(*E) *node) *node {
	if len(list) == 0 {
		return nil
	}
	n := &node{kind: listNode, inline: inline}
	for i := range list {
		n.children = append(n.children, write(&list[i]))
	}
	return n
}

// codes is a list of ids, words or constituencies; none may stand in it twice.
func codes[T any, W ~string](key string, words []W, read func(*reader, *node) string, at func(*T) *[]W) field[T] {
	return field[T]{
		key: key, words: plainWords(words),
		read: func(r *reader, n *node, into *T) {
			list := listOf(r, n, func(r *reader, entry *node) W { return W(read(r, entry)) })
			seen := make(map[W]bool, len(list))
			for i, w := range list {
				if w != "" && seen[w] {
					r.decodeProblem(n.at(i), "minutes/duplicate-entry", "id", echo(string(w)))
				}
				seen[w] = true
			}
			*at(into) = list
		},
		write: func(from *T) *node {
			return listNodeOf(*at(from), true, func(w *W) *node { return &node{kind: textNode, value: string(*w)} })
		},
	}
}

func readID(r *reader, n *node) string {
	id, _ := r.id(n)
	return id
}
