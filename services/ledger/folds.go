package ledger

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/eventlog"
)

// foldsMax bounds the cache of folded aggregates: about 4 KB each for a small decision, 100 KB for one with 2,000 ballots.
const foldsMax = 2048

// folds is the bounded cache of folded aggregates. A cached fold is only ever replaced, never changed, so that whoever read it may go on.
type folds struct {
	cache *lru.Cache[foldKey, *aggregate.Aggregate]
}

type foldKey struct {
	workspace string
	key       aggregate.Key
}

func newFolds() *folds {
	c, err := lru.New[foldKey, *aggregate.Aggregate](foldsMax)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &folds{c}
}

func (f *folds) get(ws string, k aggregate.Key) *aggregate.Aggregate {
	a, _ := f.cache.Get(foldKey{ws, k})
	return a
}

func (f *folds) put(ws string, k aggregate.Key, a *aggregate.Aggregate) {
	f.cache.Add(foldKey{ws, k}, a)
}

func (f *folds) forget(ws string, keys []aggregate.Key) {
	for _, k := range keys {
		f.cache.Remove(foldKey{ws, k})
		if home, ok := k.InitiativeKey(); ok {
			f.cache.Remove(foldKey{ws, home})
		}
	}
}

// atomicMax is how many commits the log appends as one batch, and so at consecutive sequences.
const atomicMax = 1000

// learn keeps the folds of new commits, the last of which is at the given sequence. After a batch too large to be one, the aggregates are
// read again when they are next needed.
func (f *folds) learn(ws string, pending []eventlog.Pending, last uint64) {
	next := map[foldKey]*aggregate.Aggregate{}
	for i, p := range pending {
		k := foldKey{ws, aggregate.Key{Kind: aggregate.Kind(p.Commit.Aggregate), ID: p.Commit.AggregateId}}
		a, begun := next[k]
		if !begun {
			if known, ok := f.cache.Get(k); ok && len(pending) <= atomicMax {
				a = known.Clone()
			}
		}
		if a != nil && a.Apply(last-uint64(len(pending)-1-i), p.Commit) != nil {
			a = nil
		}
		next[k] = a
	}
	for k, a := range next {
		if a == nil {
			f.cache.Remove(k)
		} else {
			f.cache.Add(k, a)
		}
	}
}
