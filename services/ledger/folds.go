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

// learn keeps the fold of a single new commit. After a batch the aggregates are read again when they are next needed.
func (f *folds) learn(ws string, pending []eventlog.Pending, last uint64) {
	if len(pending) > 1 {
		for _, p := range pending {
			f.cache.Remove(foldKey{ws, aggregate.Key{Kind: aggregate.Kind(p.Commit.Aggregate), ID: p.Commit.AggregateId}})
		}
		return
	}
	c := pending[0].Commit
	k := foldKey{ws, aggregate.Key{Kind: aggregate.Kind(c.Aggregate), ID: c.AggregateId}}
	if a, ok := f.cache.Get(k); ok && a.Version+1 == c.Version {
		next := a.Clone()
		if next.Apply(last, c) == nil {
			f.cache.Add(k, next)
			return
		}
	}
	f.cache.Remove(k)
}
