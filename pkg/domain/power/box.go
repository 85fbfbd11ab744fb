package power

// From a game to its box, and from the box to the indices.
//
// Players are sorted into kinds (equal weights) and kinds into groups (touching the same conditions). To ask about the
// kinds of one group, all other groups are folded together first, summing out every condition as soon as nobody left
// touches it; then the group itself is added with its own conditions open, and one kind after the other is taken out.

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"
)

// maxConditions bounds the distinct conditions of a game, requirements of single persons not counted: they become one.
const maxConditions = 64

// maxPlayers bounds the electorate of one count: above it n! in the Shapley-Shubik index alone takes seconds.
const maxPlayers = 10_000

// kind is the players who weigh the same in every condition.
type kind struct {
	players []int
	shift   []uint64 // what one of them adds to a key: his weights, and 1 person
	touched uint64   // bit k: has weight in condition k
}

// group is the kinds that touch the same conditions.
type group struct {
	kinds   []kind
	touched uint64
	alone   *cells // the group by itself, once computed; never changed afterwards
}

// box is a game as a counting question: how many sets of people weigh, in every condition k, at most bounds[k]?
// The sets are the complements of the winning coalitions or, when losing is set, the losing coalitions.
type box struct {
	ring   ring
	voters int
	losing bool
	bounds []uint64
	fields []field // where condition k sits in a key
	groups []*group
	homes  []home // of every player
}

// home is where a player was sorted to.
type home struct {
	group *group
	kind  int
}

// field is the bits of one condition in a key.
type field struct {
	word  int
	shift int
	mask  uint64
}

// newBox rewrites a valid game.
func newBox(g Game) (*box, error) {
	if len(g.Players) > maxPlayers {
		return nil, refuse(CodeTooLarge, "%d players, at most %d are counted exactly; ask about the body that votes, with blocs as one player",
			len(g.Players), maxPlayers)
	}
	b := &box{voters: len(g.Players), losing: g.Any}
	if len(g.Quotas) == 1 && g.Quotas[0]-1 < g.total(0)-g.Quotas[0] {
		b.losing = true // one condition is all and any at once: take the smaller box
	}
	weights := b.reduce(g)
	if len(b.bounds) > maxConditions {
		return nil, refuse(CodeTooManyConditions, "%d different conditions, at most %d are counted; join those that ask the same", len(b.bounds), maxConditions)
	}
	b.layout()
	b.sortPlayers(weights)
	return b, nil
}

// reduce sets the bounds and returns every player's weights, in the smallest numbers that give the same game: divided
// by their common factor, and cut off just beyond the bound. All conditions with bound 0 say the same ("none of these
// people"), so they become one.
func (b *box) reduce(g Game) [][]uint64 {
	weights := make([][]uint64, len(g.Players))
	for i := range weights {
		weights[i] = make([]uint64, 0, len(g.Quotas))
	}
	none := -1
	for k, quota := range g.Quotas {
		bound := g.total(k) - quota
		if b.losing {
			bound = quota - 1
		}
		factor := int64(0)
		for _, p := range g.Players {
			factor = gcd(factor, p.Weights[k])
		}
		bound /= factor
		column := len(b.bounds)
		if bound == 0 && none >= 0 {
			column = none
		} else {
			b.bounds = append(b.bounds, uint64(bound))
			for i := range weights {
				weights[i] = append(weights[i], 0)
			}
		}
		if bound == 0 {
			none = column
		}
		for i, p := range g.Players {
			weights[i][column] = max(weights[i][column], uint64(min(p.Weights[k]/factor, bound+1)))
		}
	}
	return weights
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// layout gives every condition a field of a key. A bound of L bits gets L+1: sums go up to 2*bound+1.
func (b *box) layout() {
	used, word := bits.Len(uint(b.voters)), 0
	b.fields = make([]field, len(b.bounds))
	for k, bound := range b.bounds {
		width := bits.Len64(bound) + 1
		if used+width > 64 {
			used, word = 0, word+1
		}
		b.fields[k] = field{word: word, shift: used, mask: (^uint64(0) >> (64 - width)) << used}
		used += width
	}
	r := &b.ring
	r.kw, r.cw = word+1, b.voters/bits.UintSize+1
	r.sizeMask = 1<<bits.Len(uint(b.voters)) - 1
	r.guard, r.fill, r.moved = make([]uint64, r.kw), make([]uint64, r.kw), make([]uint64, r.kw)
	for k, f := range b.fields {
		top := uint64(1) << bits.Len64(b.bounds[k])
		r.guard[f.word] |= top << f.shift
		r.fill[f.word] |= (top - 1 - b.bounds[k]) << f.shift
	}
}

// sortPlayers makes kinds and groups out of reduced weights.
func (b *box) sortPlayers(weights [][]uint64) {
	kinds := make([]kind, len(weights))
	for i, ws := range weights {
		k := kind{players: []int{i}, shift: make([]uint64, b.ring.kw)}
		k.shift[0] = 1
		for c, w := range ws {
			k.shift[b.fields[c].word] |= w << b.fields[c].shift
			if w > 0 {
				k.touched |= 1 << c
			}
		}
		kinds[i] = k
	}
	slices.SortFunc(kinds, func(x, y kind) int {
		return cmp.Or(cmp.Compare(x.touched, y.touched), slices.Compare(x.shift, y.shift), cmp.Compare(x.players[0], y.players[0]))
	})
	for _, k := range kinds { // equal ones are neighbours now
		if len(b.groups) == 0 || b.groups[len(b.groups)-1].touched != k.touched {
			b.groups = append(b.groups, &group{touched: k.touched})
		}
		g := b.groups[len(b.groups)-1]
		if last := len(g.kinds) - 1; last >= 0 && slices.Equal(g.kinds[last].shift, k.shift) {
			g.kinds[last].players = append(g.kinds[last].players, k.players...)
		} else {
			g.kinds = append(g.kinds, k)
		}
	}
	b.homes = make([]home, b.voters)
	for _, g := range b.groups {
		for i, k := range g.kinds {
			for _, p := range k.players {
				b.homes[p] = home{group: g, kind: i}
			}
		}
	}
}

// build is the polynomial of one group alone, all its conditions open.
func (b *box) build(g *group) cells {
	if g.alone == nil {
		first := g.kinds[0]
		p := b.ring.alike(first.shift, len(first.players))
		p = b.seat(p, g.kinds[1:])
		g.alone = &p
	}
	return *g.alone
}

// seat adds the players of kinds to p, one by one. It takes p's memory over.
func (b *box) seat(p cells, kinds []kind) cells {
	for _, k := range kinds {
		for range k.players {
			p = b.ring.player(p, k.shift)
		}
	}
	b.ring.spare = cells{}
	return p
}

// close sums the conditions of the set out of p.
func (b *box) close(p cells, conditions uint64) cells {
	if conditions == 0 {
		return p
	}
	keep := make([]uint64, b.ring.kw)
	for w := range keep {
		keep[w] = ^uint64(0)
	}
	for k, f := range b.fields {
		if conditions>>k&1 == 1 {
			keep[f.word] &^= f.mask
		}
	}
	return b.ring.project(p, keep)
}

// fold counts everybody but the people of the group asked about (nil: everybody), with only that group's conditions
// left open.
func (b *box) fold(asked *group) cells {
	var left []*group
	stay := uint64(0)
	if asked != nil {
		stay = asked.touched
	}
	for _, g := range b.groups {
		if g != asked {
			left = append(left, g)
		}
	}
	p, open := b.ring.one(), uint64(0)
	for len(left) > 0 && !b.ring.full {
		next := b.cheapest(left, open, stay)
		g := left[next]
		left = slices.Delete(left, next, next+1)
		later := stay
		for _, h := range left {
			later |= h.touched
		}
		p = b.join(p, g, g.touched&^(open|later))
		open |= g.touched
		p = b.close(p, open&^later)
		open &= later
	}
	return p
}

// join adds a group to p, which it takes over; the conditions of own, which only this group touches, may be summed out.
//
// Either the group is counted alone and multiplied in, or its people are added one by one. The second costs a pass over
// at least as many cells as either side has, for every person; so multiplying is the better bargain when the shorter
// side has hardly more cells than the group has people, as without weights.
func (b *box) join(p cells, g *group, own uint64) cells {
	alone := b.close(b.build(g), own)
	people := 0
	for _, k := range g.kinds {
		people += len(k.players)
	}
	if min(b.ring.len(p), b.ring.len(alone)) <= 2*people {
		return b.ring.multiply(p, alone)
	}
	return b.seat(p, g.kinds)
}

// cheapest picks, among the groups left, the one after which the fewest sums stay open: conditions close early.
func (b *box) cheapest(left []*group, open, stay uint64) int {
	best, least := 0, 0.0
	for i, g := range left {
		later := stay
		for j, h := range left {
			if j != i {
				later |= h.touched
			}
		}
		volume := 1.0
		for k, bound := range b.bounds {
			if (open|g.touched)&later>>k&1 == 1 {
				volume *= float64(bound) + 1
			}
		}
		if i == 0 || volume < least {
			best, least = i, volume
		}
	}
	return best
}

// pivot is the count around one group: base holds its people with their conditions open, rest the people who share no
// condition with them, by number of people only. base*rest is everybody.
type pivot struct {
	base, rest cells
}

func (b *box) pivot(g *group) pivot {
	shared, others := uint64(0), b.fold(g)
	for _, h := range b.groups {
		if h != g {
			shared |= g.touched & h.touched
		}
	}
	if shared == 0 {
		return pivot{base: b.build(g), rest: others}
	}
	return pivot{base: b.join(others, g, 0), rest: b.ring.one()}
}

// indexOf takes one player of kind k out of the count and reads the indices off the sets that he takes out of the box.
func (b *box) indexOf(at pivot, k kind) (Index, error) {
	r := &b.ring
	sizes := make([]uint64, r.kw)
	sizes[0] = r.sizeMask
	swings := r.project(r.leaving(r.without(at.base, k.shift), k.shift), sizes)
	swings = r.multiply(swings, at.rest)
	inside := new(big.Int).Mul(r.sum(at.base), r.sum(at.rest))
	if r.full {
		return Index{}, b.tooLarge()
	}
	x := Index{Swings: r.sum(swings), Voters: b.voters, Winning: b.winning(inside)}
	x.Banzhaf = new(big.Rat).SetFrac(x.Swings, new(big.Int).Lsh(big.NewInt(1), uint(b.voters-1)))
	x.Shapley = b.shapley(swings)
	return x, nil
}

// winning turns the number of sets inside the box into the number of winning coalitions.
func (b *box) winning(inside *big.Int) *big.Int {
	if !b.losing {
		return inside
	}
	all := new(big.Int).Lsh(big.NewInt(1), uint(b.voters))
	return all.Sub(all, inside)
}

// shapley weighs the swings on s others by s!(n-s-1)!/n!, the share of orders in which just these s come first
// (Shapley & Shubik 1954). The weight is the same for s and n-1-s, so it does not matter whose size the cells hold.
func (b *box) shapley(swings cells) *big.Rat {
	n, size := int64(b.voters), int64(-1)
	orders, weight, term := new(big.Int), new(big.Int), new(big.Int)
	for i := range b.ring.len(swings) {
		s := int64(b.ring.key(swings, i)[0])
		if size < 0 {
			size = s
			weight.MulRange(1, s)
			weight.Mul(weight, term.MulRange(1, n-1-s))
		}
		for ; size < s; size++ {
			weight.Mul(weight, term.SetInt64(size+1))
			weight.Quo(weight, term.SetInt64(n-1-size))
		}
		count := new(big.Int).SetBits(b.ring.num(swings, i))
		orders.Add(orders, term.Mul(count, weight))
	}
	return new(big.Rat).SetFrac(orders, term.MulRange(1, n))
}

func (b *box) tooLarge() error {
	return refuse(CodeTooLarge, "an exact count over %d players and %d conditions needs more memory or time than is set aside; use smaller weights (a common unit) or fewer overlapping conditions",
		b.voters, len(b.bounds))
}
