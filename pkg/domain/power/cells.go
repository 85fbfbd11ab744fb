package power

// The arithmetic underneath: sparse polynomials whose exponents are (sum in each open condition, number of people) and
// whose coefficients count sets of people.
//
// A cell is one exponent and its count. The exponent is packed into a few 64-bit words (one, for nearly every rule),
// each condition in its own field with a spare top bit: adding two exponents is one addition a word, and whether any
// condition left the box is one more addition and a mask. A count is a fixed number of machine words, enough for 2^n,
// so that no cell is an allocation.

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"
)

// maxWords bounds one polynomial, in 64-bit words: 64 MiB. Two or three are alive at a time.
const maxWords = 1 << 23

// maxWork bounds the words computed for one question, about ten seconds: a count is refused, never endless.
const maxWork = 1 << 31

// cells is a polynomial: keys ascending and distinct, ring.kw words a key and ring.cw words a count.
type cells struct {
	keys   []uint64
	counts []big.Word
}

// ring knows the shape of the cells of one game.
type ring struct {
	kw, cw      int
	sizeMask    uint64   // the number of people: the low bits of word 0
	guard, fill []uint64 // a key is outside the box when key+fill has a bit of guard
	spare       cells    // buffer that player swaps with its argument
	moved       []uint64 // scratch for one key
	work        int      // words computed so far
	full        bool     // maxWords or maxWork was passed; results are void
}

func (r *ring) len(c cells) int               { return len(c.keys) / r.kw }
func (r *ring) key(c cells, i int) []uint64   { return c.keys[i*r.kw : (i+1)*r.kw] }
func (r *ring) num(c cells, i int) []big.Word { return c.counts[i*r.cw : (i+1)*r.cw] }

// spend adds to the work done.
func (r *ring) spend(words int) {
	r.work += words
	r.full = r.full || r.work > maxWork
}

// one is the polynomial of nobody: the empty set, once.
func (r *ring) one() cells {
	c := cells{keys: make([]uint64, r.kw), counts: make([]big.Word, r.cw)}
	c.counts[0] = 1
	return c
}

// move writes key+shift to r.moved and tells whether it is inside the box.
func (r *ring) move(key, shift []uint64) bool {
	out := uint64(0)
	for w := range r.moved {
		sum := key[w] + shift[w]
		r.moved[w] = sum
		out |= (sum + r.fill[w]) & r.guard[w]
	}
	return out == 0
}

// merge writes a + x^shift * b, cut to the box, over dst.
func (r *ring) merge(dst, a, b cells, shift []uint64) cells {
	dst.keys, dst.counts = dst.keys[:0], dst.counts[:0]
	i, j, na, nb := 0, 0, r.len(a), r.len(b)
	for have := false; !r.full; r.full = len(dst.keys)+len(dst.counts) > maxWords {
		for !have && j < nb {
			if have = r.move(r.key(b, j), shift); !have {
				j++
			}
		}
		order := -1
		switch {
		case i == na && !have:
			r.spend(len(dst.keys) + len(dst.counts))
			return dst
		case i == na:
			order = 1
		case have:
			order = slices.Compare(r.key(a, i), r.moved)
		}
		if order <= 0 {
			dst.keys = append(dst.keys, r.key(a, i)...)
			dst.counts = append(dst.counts, r.num(a, i)...)
			i++
		} else {
			dst.keys = append(dst.keys, r.moved...)
			dst.counts = append(dst.counts, r.num(b, j)...)
		}
		if order == 0 {
			add(dst.counts[len(dst.counts)-r.cw:], r.num(b, j))
		}
		if order >= 0 {
			j, have = j+1, false
		}
	}
	return dst
}

// player multiplies p by (1 + x^shift): one more person who may be in the set or not. It takes p's memory over.
func (r *ring) player(p cells, shift []uint64) cells {
	q := r.merge(r.spare, p, p, shift)
	r.spare = p
	return q
}

// alike is (1 + x^shift)^count: people with the same weights, by binomial coefficients.
func (r *ring) alike(shift []uint64, count int) cells {
	p := r.one()
	c, f := big.NewInt(1), new(big.Int)
	for j := 1; j <= count && !r.full && r.move(p.keys[len(p.keys)-r.kw:], shift); j++ {
		c.Mul(c, f.SetInt64(int64(count-j+1)))
		c.Quo(c, f.SetInt64(int64(j)))
		p.keys = append(p.keys, r.moved...)
		p.counts = append(p.counts, make([]big.Word, r.cw)...)
		copy(p.counts[len(p.counts)-r.cw:], c.Bits())
		r.full = len(p.keys)+len(p.counts) > maxWords
	}
	return p
}

// multiply is a*b, cut to the box: every pair of cells is added where it belongs, found by hashing its key.
func (r *ring) multiply(a, b cells) cells {
	var p cells
	found := table{ring: r, slots: make([]int32, 1<<6)}
	r.spend(r.len(a) * r.len(b) * r.cw * (1 + r.cw/8)) // a long product costs more than a long sum
	for i := range r.len(a) {
		for j := range r.len(b) {
			if r.full {
				return cells{}
			}
			if r.move(r.key(a, i), r.key(b, j)) {
				product(r.num(p, found.place(&p)), r.num(a, i), r.num(b, j))
			}
		}
	}
	everything := make([]uint64, r.kw)
	for w := range everything {
		everything[w] = ^uint64(0)
	}
	return r.project(p, everything)
}

// table finds the cell of a key: open addressing, at most half full. A slot holds the number of the cell plus 1.
type table struct {
	ring  *ring
	slots []int32
}

// slot is where a key is, or the free slot where it belongs.
func (t *table) slot(p cells, key []uint64) int {
	h := uint64(0)
	for _, w := range key {
		h = (h ^ w) * 0x9E3779B97F4A7C15 // 2^64 over the golden ratio: neighbouring keys spread over the top bits
	}
	s := int(h >> (65 - bits.Len(uint(len(t.slots)))))
	for t.slots[s] != 0 && !slices.Equal(t.ring.key(p, int(t.slots[s]-1)), key) {
		s = (s + 1) & (len(t.slots) - 1)
	}
	return s
}

// place is the number of the cell with the key ring.moved, added with count 0 if p has none.
func (t *table) place(p *cells) int {
	r := t.ring
	s := t.slot(*p, r.moved)
	if t.slots[s] != 0 {
		return int(t.slots[s] - 1)
	}
	n := r.len(*p)
	p.keys = append(p.keys, r.moved...)
	p.counts = append(p.counts, make([]big.Word, r.cw)...)
	t.slots[s] = int32(n + 1)
	r.full = r.full || len(p.keys)+len(p.counts) > maxWords
	if 2*(n+1) > len(t.slots) {
		t.slots = make([]int32, 2*len(t.slots))
		for i := range n + 1 {
			t.slots[t.slot(*p, r.key(*p, i))] = int32(i + 1)
		}
	}
	return n
}

// without divides p by (1 + x^shift): the sets that leave one person out. Every such set of p either leaves him out or
// is one of those with him added, hence R[t] = P[t] - R[t-shift], exact inside the box. Cells may be left at 0.
func (r *ring) without(p cells, shift []uint64) cells {
	r.spend(len(p.keys) + len(p.counts))
	rest := cells{keys: p.keys, counts: slices.Clone(p.counts)}
	j := 0
	for i := range r.len(p) {
		for j < i {
			r.move(r.key(rest, j), shift)
			order := slices.Compare(r.moved, r.key(rest, i))
			if order > 0 {
				break
			}
			if order == 0 {
				subtract(r.num(rest, i), r.num(rest, j))
			}
			j++
		}
	}
	return rest
}

// leaving keeps the cells of p that shift takes out of the box.
func (r *ring) leaving(p cells, shift []uint64) cells {
	var out cells
	for i := range r.len(p) {
		if !r.move(r.key(p, i), shift) {
			out.keys = append(out.keys, r.key(p, i)...)
			out.counts = append(out.counts, r.num(p, i)...)
		}
	}
	return out
}

// project keeps the bits of keep in every key and adds up the cells that become one.
func (r *ring) project(p cells, keep []uint64) cells {
	n := r.len(p)
	keys, order, sorted := make([]uint64, len(p.keys)), make([]int, n), true
	for i := range n {
		order[i] = i
		for w := range keep {
			keys[i*r.kw+w] = p.keys[i*r.kw+w] & keep[w]
		}
		sorted = sorted && (i == 0 || slices.Compare(keys[(i-1)*r.kw:i*r.kw], keys[i*r.kw:(i+1)*r.kw]) <= 0)
	}
	masked := cells{keys: keys, counts: p.counts}
	if !sorted {
		slices.SortFunc(order, func(i, j int) int {
			return cmp.Or(slices.Compare(r.key(masked, i), r.key(masked, j)), cmp.Compare(i, j))
		})
	}
	var out cells
	for _, i := range order {
		if last := r.len(out) - 1; last >= 0 && slices.Equal(r.key(out, last), r.key(masked, i)) {
			add(r.num(out, last), r.num(masked, i))
			continue
		}
		out.keys = append(out.keys, r.key(masked, i)...)
		out.counts = append(out.counts, r.num(masked, i)...)
	}
	return out
}

// sum adds up all counts.
func (r *ring) sum(p cells) *big.Int {
	total := make([]big.Word, r.cw)
	for i := range r.len(p) {
		add(total, r.num(p, i))
	}
	return new(big.Int).SetBits(total)
}

// add sets a += b. Counts never pass 2^n, so nothing is carried out.
func add(a, b []big.Word) {
	carry := uint(0)
	for w := range a {
		var s uint
		s, carry = bits.Add(uint(a[w]), uint(b[w]), carry)
		a[w] = big.Word(s)
	}
}

// subtract sets a -= b, for b <= a.
func subtract(a, b []big.Word) {
	borrow := uint(0)
	for w := range a {
		var d uint
		d, borrow = bits.Sub(uint(a[w]), uint(b[w]), borrow)
		a[w] = big.Word(d)
	}
}

// product adds a*b to dst, for a product that fits.
func product(dst, a, b []big.Word) {
	for i, x := range b {
		if x == 0 {
			continue
		}
		carry := uint(0)
		for j := 0; i+j < len(dst); j++ {
			hi, lo := bits.Mul(uint(x), uint(a[j]))
			s, c1 := bits.Add(lo, carry, 0)
			s, c2 := bits.Add(s, uint(dst[i+j]), 0)
			dst[i+j], carry = big.Word(s), hi+c1+c2
		}
	}
}
