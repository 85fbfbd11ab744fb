package minutes

import "strings"

// "Did you mean": the word that somebody who slipped most likely wanted.

// italian are the words that Italian minutes use where the format has a code.
var italian = map[string]string{
	"utente": "user", "utenti": "user", "familiare": "family", "familiari": "family", "famiglia": "family",
	"esp": "psw", "operatore": "professional", "operatrice": "professional", "operatori": "professional",
	"professionista": "professional", "professionisti": "professional", "direttore": "director", "direttrice": "director",
	"ricercatore": "researcher", "ricercatrice": "researcher", "cittadino": "citizen", "cittadina": "citizen",
	"cittadini": "citizen", "associazione": "association", "associazioni": "association", "istituzione": "institution",
	"ente": "institution", "families": "family", "favorevole": "for", "contrario": "against", "contraria": "against",
	"astenuto": "abstain", "astenuta": "abstain", "yes": "for", "no": "against", "sì": "for", "si": "for",
	"maggioranza": "majority", "unanimità": "unanimity", "consenso": "consensus",
}

// nearest returns the known word that a wrong one was most likely meant to be, or "". It forgives
// capitals, - for _, a plural s, the Italian word, and a slip of the pen that grows with the length.
//
// In a file that is wrong everywhere it stops looking.
func (r *reader) nearest(wrong string, known []string) string {
	if len(wrong) > MaxIDLength || len(r.problems) >= maxCollected {
		return ""
	}
	plain := simplified(wrong)
	best, bestSlips := "", 0
	for _, word := range known {
		target := simplified(word)
		if plain == target || italian[strings.ToLower(wrong)] == word || plain == target+"s" {
			return word
		}
		slips := distance(plain, target)
		if slips <= forgiven(len(target)) && (best == "" || slips < bestSlips) {
			best, bestSlips = word, slips
		}
	}
	return best
}

var joints = strings.NewReplacer("_", "", "-", "", " ", "")

func simplified(s string) string { return joints.Replace(strings.ToLower(s)) }

// forgiven is how many slips still count as the same word: short words are too close to each other.
func forgiven(length int) int {
	switch {
	case length <= 3:
		return 0
	case length <= 6:
		return 1
	}
	return 2
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours between two words
// (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// unknownKey refuses a key that an object does not have, and says which was meant, or where it belongs,
// or which keys there are.
func (r *reader) unknownKey(n *node, keys []string) {
	args := []string{"key", echo(n.key), "keys", strings.Join(keys, ", ")}
	if near := r.nearest(n.key, keys); near != "" {
		args = append(args, "near", near)
	} else if owners := keyOwners[n.key]; len(owners) > 0 && len(owners) <= maxOwners {
		args = append(args, "belongs", strings.Join(owners, ", "))
	}
	r.decodeProblem(n, "minutes/unknown-key", args...)
}

// maxOwners is how many objects a key may belong to for "it belongs there" to be of any help.
const maxOwners = 2

// keyOwners maps each key to the objects that have it, in the order of the format.
var keyOwners = map[string][]string{}

func init() {
	seen := map[shape]bool{}
	var walk func(shape)
	walk = func(s shape) {
		if seen[s] {
			return
		}
		seen[s] = true
		s.describe(func(object, key string, _ bool, _ []string, child shape) {
			keyOwners[key] = append(keyOwners[key], object)
			if child != nil {
				walk(child)
			}
		})
	}
	walk(&fileObject)
}
