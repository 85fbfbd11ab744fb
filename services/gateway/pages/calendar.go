package pages

import (
	"time"

	ics "github.com/arran4/golang-ical"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Calendar writes a session for a calendar program (RFC 5545): one appointment with a UID that never changes, and a SEQUENCE that grows with the record,
// so that a file fetched again replaces the earlier one. address is the session's address on the web; now is when the file is made. ok is false for a
// session without a day: there is nothing to put into a calendar.
func Calendar(workspace string, v *apiv1.SessionView, address string, now time.Time) (data []byte, ok bool) {
	s := v.GetSession()
	if s.GetStartsAt() == nil {
		return nil, false
	}
	c := ics.NewCalendarFor("Tavolo")
	c.SetMethod(ics.MethodPublish)
	e := c.AddEvent(s.Id + "@" + workspace + ".tavolo")
	e.SetDtStampTime(now)
	e.SetSequence(int(v.Sequence))
	e.SetSummary(s.Title)
	e.SetStartAt(s.StartsAt.AsTime())
	if s.Minutes > 0 {
		e.SetEndAt(s.StartsAt.AsTime().Add(time.Duration(s.Minutes) * time.Minute))
	}
	if s.Place != "" {
		e.SetLocation(s.Place)
	}
	e.SetURL(address)
	return []byte(c.Serialize(ics.WithNewLineWindows)), true
}

// Meeting is a meeting of a public initiative: when it is, and nothing of who comes or what it is called, for a title may name somebody.
type Meeting struct {
	// UID never changes. Sequence grows with the record.
	UID        string
	Sequence   uint64
	Initiative string
	Starts     time.Time
	Minutes    uint32
}

// MeetingsOf lists the meetings of an initiative that have a day.
func MeetingsOf(workspace string, v *apiv1.InitiativeView) (all []Meeting) {
	for _, s := range v.Sessions {
		if s.StartsAt != nil {
			all = append(all, Meeting{s.Id + "@" + workspace + ".tavolo", v.Sequence, v.GetInitiative().GetTitle(), s.StartsAt.AsTime(), s.Minutes})
		}
	}
	return all
}

// PublicCalendar writes meetings for a calendar program (RFC 5545). stamp is when the file counts as made. Without a meeting it has a time zone, for a
// calendar must hold something.
func PublicCalendar(lang string, meetings []Meeting, stamp time.Time) []byte {
	c := ics.NewCalendarFor("Tavolo")
	c.SetMethod(ics.MethodPublish)
	for _, m := range meetings {
		e := c.AddEvent(m.UID)
		e.SetDtStampTime(stamp)
		e.SetSequence(int(m.Sequence))
		e.SetSummary(tongue(lang).say("page/feeds-meeting", "title", m.Initiative))
		e.SetStartAt(m.Starts)
		if m.Minutes > 0 {
			e.SetEndAt(m.Starts.Add(time.Duration(m.Minutes) * time.Minute))
		}
	}
	if len(meetings) == 0 {
		utc := c.AddTimezone("Etc/UTC").AddStandard()
		utc.AddProperty("DTSTART", "19700101T000000")
		utc.AddProperty("TZOFFSETFROM", "+0000")
		utc.AddProperty("TZOFFSETTO", "+0000")
	}
	return []byte(c.Serialize(ics.WithNewLineWindows))
}
