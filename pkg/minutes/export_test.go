package minutes

// KeyOf is what a key table knows of one key.
type KeyOf struct {
	Object, Key string
	Required    bool
	Words       []string
	Child       string // name of the object beneath, or ""
}

// Keys lists the key tables, each once.
func Keys() []KeyOf {
	var keys []KeyOf
	seen := map[shape]bool{}
	var walk func(shape)
	walk = func(s shape) {
		if seen[s] {
			return
		}
		seen[s] = true
		var children []shape
		s.describe(func(object, key string, required bool, words []string, child shape) {
			k := KeyOf{Object: object, Key: key, Required: required, Words: words}
			if child != nil {
				child.describe(func(object, _ string, _ bool, _ []string, _ shape) { k.Child = object })
				children = append(children, child)
			}
			keys = append(keys, k)
		})
		for _, c := range children {
			walk(c)
		}
	}
	walk(&fileObject)
	return keys
}

// Sentences maps each key of the table of sentences (codes and their variants) to Italian and English.
func Sentences() map[string][2]string {
	all := map[string][2]string{}
	for key, s := range sentences {
		all[key] = [2]string{s.it, s.en}
	}
	return all
}

// ActKinds are the kinds that have a row in the table of acts.
func ActKinds() (kinds, rows []ActKind) {
	for kind := range actKeys {
		rows = append(rows, kind)
	}
	return actKinds, rows
}
