package sample

import "math/rand/v2"

// This chapter draws which decisions an initiative takes. The median role is the highest one held in at least half of the decisions that count
// (package role), so a mix is right or wrong by its numbers alone.

// target is the median role that a mix is to have.
type target int

const (
	toNone target = iota
	toConsultative
	toDecisive
	toOther
)

// tooFewWith is how many decisions an initiative has whose role cannot be stated: two that count, three in which nothing was decided.
const tooFewWith = 5

// mix counts the decisions in which users decide, are consulted, have no role, and those that come to nothing.
type mix struct{ decide, consulted, nothing, none int }

// mix divides n decisions so that the median role is the target. About one in twenty comes to nothing.
func (t target) mix(n int) mix {
	if t == toOther {
		return mix{decide: 1, consulted: 1, nothing: n - 2}
	}
	m := mix{nothing: n / 20}
	n -= m.nothing
	half := (n + 1) / 2
	switch t {
	case toDecisive:
		m.decide = max(half, n*58/100)
		m.consulted = min(n-m.decide, n*27/100)
	case toConsultative:
		m.decide = min(n*22/100, (n-1)/2)
		m.consulted = min(n-m.decide, max(n*48/100, half-m.decide))
	default:
		with := min(n*32/100, (n-1)/2)
		m.decide = with / 6
		m.consulted = with - m.decide
	}
	m.none = n - m.decide - m.consulted
	return m
}

// kind is how one decision goes.
type kind int

const (
	doubleMajority kind = iota
	majority
	consent
	delegated
	secretBallot
	throughProxy
	// from here on users are consulted
	advice
	ratified
	tokenVote
	claimed
	overridden
	proxyOutside
	voiceOnly
	dismissed
	refusedLater
	// from here on they have no role
	informed
	silent
	absent
	notInvited
	// from here on nothing is decided
	deferred
	noQuorum
	noRule
)

// odds are how often a kind is drawn among those of its role.
var odds = struct{ decide, consulted, none, nothing []kind }{
	decide:    []kind{doubleMajority, doubleMajority, doubleMajority, majority, majority, majority, consent, consent, delegated, secretBallot, throughProxy},
	consulted: []kind{advice, advice, advice, advice, ratified, ratified, tokenVote, claimed, overridden, proxyOutside, voiceOnly, voiceOnly, dismissed, refusedLater},
	none:      []kind{informed, informed, informed, silent, silent, absent},
	nothing:   []kind{deferred, deferred, noQuorum, noRule},
}

// kinds draws the decisions of a mix, in the order in which they are taken. Where no user is in the room nobody asks them anything.
func (m mix) kinds(closed bool, r *rand.Rand) []kind {
	var all []kind
	draw := func(n int, from []kind) {
		for range n {
			all = append(all, from[r.IntN(len(from))])
		}
	}
	if closed {
		draw(m.decide+m.consulted+m.none, []kind{notInvited})
		draw(m.nothing, []kind{deferred})
	} else {
		draw(m.decide, odds.decide)
		draw(m.consulted, odds.consulted)
		draw(m.none, odds.none)
		draw(m.nothing, odds.nothing)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
