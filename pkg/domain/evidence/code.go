package evidence

import (
	"encoding/binary"
	"math"
	"time"

	"tavolo/pkg/decider"
)

// This chapter writes parts as bytes and reads them, small and quickly: a question about a year reads tens of thousands. One function a type says the order of
// its fields for both directions, so that they cannot come apart. The bytes are no contract: whoever keeps them makes them anew when the order changes.

// coder writes to out, or reads from in.
type coder struct {
	reading bool
	out     []byte
	in      string
	broken  bool
}

// Append writes a part behind what is there.
func (p Part) Append(to []byte) []byte {
	c := &coder{out: to}
	c.part(&p)
	return c.out
}

// ReadPart reads what Append wrote, nothing from no bytes. Refusal: evidence/part-unreadable.
func ReadPart(data []byte) (Part, error) {
	var p Part
	if len(data) == 0 {
		return p, nil
	}
	c := &coder{reading: true, in: string(data)}
	c.part(&p)
	if c.broken || c.in != "" {
		return Part{}, decider.Refuse("evidence/part-unreadable")
	}
	return p, nil
}

func (c *coder) part(p *Part) {
	optional(c, &p.decision, (*coder).decided)
	optional(c, &p.session, (*coder).sitting)
	optional(c, &p.item, (*coder).proposed)
	optional(c, &p.talk, (*coder).talk)
	optional(c, &p.initiative, (*coder).rolled)
}

func (c *coder) decided(d *decided) {
	c.text(&d.id)
	c.text(&d.item)
	c.moment(&d.at)
	c.moment(&d.opened)
	number(c, &d.openedSeq)
	number(c, &d.closedSeq)
	number(c, &d.outcome)
	c.flags(&d.adopted, &d.undecided, &d.amended, &d.fate.done, &d.fate.refused, &d.fate.explained)
	c.moment(&d.fate.due)
	c.moment(&d.fate.at)
	for n := range d.users {
		c.effect(&d.users[n])
	}
	list(c, &d.found, (*coder).finding)
	list(c, &d.actsSeqs, number[uint64])
}

func (c *coder) effect(e *effect) {
	c.text(&e.success)
	c.text((*string)(&e.pivotal))
	c.flags(&e.divergent, &e.traced)
	bits := math.Float64bits(e.power)
	number(c, &bits)
	e.power = math.Float64frombits(bits)
	number(c, &e.margin)
}

func (c *coder) finding(f *Finding) {
	c.text((*string)(&f.Code))
	list(c, &f.Decisions, (*coder).text)
	c.text(&f.Item)
	c.text(&f.Initiative)
	list(c, &f.Groups, (*coder).text)
	number(c, &f.People)
	c.moment(&f.At)
	list(c, &f.Evidence, number[uint64])
}

func (c *coder) sitting(s *sitting) {
	c.text(&s.id)
	c.moment(&s.at)
	number(c, &s.kind)
	list(c, &s.seats, (*coder).placed)
}

func (c *coder) placed(p *placed) {
	c.text(&p.participant)
	c.flags(&p.users[0], &p.users[1])
}

func (c *coder) proposed(p *proposed) {
	c.text(&p.id)
	c.text(&p.by)
	c.moment(&p.at)
	c.moment(&p.admitted)
	c.flags(&p.refused)
}

func (c *coder) talk(t *talk) {
	c.text(&t.item)
	c.text(&t.session)
	list(c, &t.voices, (*coder).voice)
	list(c, &t.advice, (*coder).advised)
}

func (c *coder) voice(v *voice) {
	c.text(&v.by)
	number(c, &v.turns)
	number(c, &v.seconds)
}

func (c *coder) advised(a *advised) {
	number(c, &a.Number)
	c.text(&a.By)
	c.moment(&a.At)
	number(c, &a.Seq)
	c.flags(&a.answered)
	number(c, &a.reply)
	number(c, &a.after)
}

func (c *coder) rolled(r *rolled) {
	c.text(&r.id)
	list(c, &r.roll, (*coder).placed)
	list(c, &r.reports, (*coder).finding)
}

// number is a whole number that is mostly small and not negative.
func number[T ~int | ~int32 | ~int64 | ~uint32 | ~uint64](c *coder, x *T) {
	if !c.reading {
		c.out = binary.AppendUvarint(c.out, uint64(*x))
		return
	}
	var all uint64
	for shift := 0; shift < 64 && len(c.in) > 0; shift += 7 {
		b := c.in[0]
		c.in = c.in[1:]
		all |= uint64(b&0x7f) << shift
		if b < 0x80 {
			*x = T(all)
			return
		}
	}
	c.broken, c.in = true, ""
}

func (c *coder) text(s *string) {
	n := len(*s)
	number(c, &n)
	if !c.reading {
		c.out = append(c.out, *s...)
		return
	}
	if n < 0 || n > len(c.in) {
		c.broken, c.in = true, ""
		return
	}
	*s, c.in = c.in[:n], c.in[n:]
}

// moment keeps nanoseconds: a period ends between two of them.
func (c *coder) moment(t *time.Time) {
	seconds, nanos := int64(0), 0
	if !t.IsZero() {
		seconds, nanos = t.Unix(), t.Nanosecond()+1
	}
	number(c, &nanos)
	if nanos == 0 {
		return
	}
	number(c, &seconds)
	if c.reading {
		*t = time.Unix(seconds, int64(nanos-1)).UTC()
	}
}

// flags are up to seven.
func (c *coder) flags(all ...*bool) {
	bits := 0
	for n, f := range all {
		if *f {
			bits |= 1 << n
		}
	}
	number(c, &bits)
	for n, f := range all {
		*f = bits&(1<<n) != 0
	}
}

func list[T any](c *coder, all *[]T, one func(*coder, *T)) {
	n := len(*all)
	number(c, &n)
	if c.reading && n != 0 {
		if n < 0 || n > len(c.in) {
			c.broken, c.in = true, ""
			return
		}
		*all = make([]T, n)
	}
	for i := range *all {
		one(c, &(*all)[i])
	}
}

func optional[T any](c *coder, p **T, one func(*coder, *T)) {
	there := *p != nil
	c.flags(&there)
	if !there {
		return
	}
	if c.reading {
		*p = new(T)
	}
	one(c, *p)
}
