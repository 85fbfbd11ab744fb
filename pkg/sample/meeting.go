package sample

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tavolo/pkg/minutes"
)

// This chapter writes the minutes of an initiative, session by session.

// table is who sits at the table of an initiative.
type table struct {
	users, professionals []string
	all                  []minutes.Participant
	closed               bool
}

// director has the last word where there is one.
const director = "dir"

// names are given to some; the others are known by their id only.
var names = []string{"Ada", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Gina", "Ivo", "Lia", "Marco", "Nora", "Ottavio", "Piera", "Rocco", "Sara", "Tullio"}

func seatTable(closed bool, r *rand.Rand) table {
	t := table{closed: closed}
	add := func(id string, c minutes.Constituency, employed bool) {
		p := minutes.Participant{ID: id, Constituency: c, EmployedByDepartment: employed}
		if r.IntN(2) == 0 {
			p.Name = names[r.IntN(len(names))]
		}
		t.all = append(t.all, p)
	}
	if !closed {
		for n := range 3 + r.IntN(4) {
			id := fmt.Sprint("u", n+1)
			t.users = append(t.users, id)
			add(id, minutes.ConstituencyUser, false)
		}
		if r.IntN(2) == 0 {
			add("s1", minutes.ConstituencyPSW, true)
		}
		if r.IntN(5) > 1 {
			add("f1", minutes.ConstituencyFamily, false)
		}
	}
	for n := range 4 + r.IntN(5) {
		id := fmt.Sprint("p", n+1)
		t.professionals = append(t.professionals, id)
		add(id, minutes.ConstituencyProfessional, true)
	}
	add(director, minutes.ConstituencyDirector, true)
	t.all[len(t.all)-2].Appointed = []minutes.Office{minutes.OfficeFacilitator}
	return t
}

// perSession is how many decisions a session takes at most.
const perSession = 5

// titles of items, and questions: what a group asks itself about each, time after time.
var (
	titles    = []string{"Apertura del sabato", "Navetta", "Regole del gruppo", "Bilancio dell'anno", "Nuovo orto", "Turni", "Accoglienza", "Farmaci a casa", "Sito e avvisi", "Mensa", "Gruppo del lunedì", "Crisi e notti", "Tirocini", "Spazi comuni"}
	questions = map[string][]string{
		"Apertura del sabato": {"Apriamo anche il sabato mattina?", "Proviamo il sabato per tre mesi?", "Continuiamo con il sabato?"},
		"Navetta":             {"Chiediamo una navetta al Comune?", "Spostiamo la fermata davanti al Centro?", "Aggiungiamo la corsa delle sei?"},
		"Regole del gruppo":   {"Cambiamo le regole del gruppo?", "Accettiamo la regola sui telefoni?", "Le regole valgono anche per chi viene una volta sola?"},
		"Bilancio dell'anno":  {"Approviamo il bilancio?", "Spostiamo dei soldi sulle attività?", "Chiediamo un conto più semplice?"},
		"Nuovo orto":          {"Facciamo l'orto dietro la sede?", "Compriamo gli attrezzi?", "Vendiamo le verdure al mercato?"},
		"Turni":               {"Cambiamo i turni del pomeriggio?", "Mettiamo sempre due operatori la sera?", "Scriviamo i turni alla porta?"},
		"Accoglienza":         {"Chi arriva trova una persona esperta?", "Rifacciamo la sala d'attesa?", "Diamo un foglio facile a chi arriva?"},
		"Farmaci a casa":      {"Chiediamo un incontro con il medico sui farmaci?", "Portiamo i farmaci a casa a chi non può uscire?", "Scriviamo insieme il foglio sui farmaci?"},
		"Sito e avvisi":       {"Rifacciamo il sito?", "Mettiamo gli avvisi anche in bacheca?", "Mandiamo gli avvisi per messaggio?"},
		"Mensa":               {"Cambiamo il menù?", "Cuciniamo noi il venerdì?", "Apriamo la mensa ai familiari?"},
		"Gruppo del lunedì":   {"Spostiamo il gruppo del lunedì?", "Il gruppo continua d'estate?", "Invitiamo qualcuno da fuori?"},
		"Crisi e notti":       {"Apriamo un numero per la notte?", "Scriviamo insieme che cosa fare in una crisi?", "Una persona esperta sta al pronto soccorso?"},
		"Tirocini":            {"Apriamo due tirocini?", "I tirocini sono pagati?", "Allunghiamo i tirocini a sei mesi?"},
		"Spazi comuni":        {"Usiamo la sala grande anche la sera?", "Dipingiamo il corridoio?", "Diamo le chiavi al gruppo?"},
	}
)

// reasons for keeping an item off agendas.
var reasons = []string{"Non è di competenza di questo gruppo.", "Se ne parla già altrove.", "Non c'è tempo quest'anno."}

// initiative writes the minutes of one initiative.
func (y Year) initiative(d department, i minutes.Initiative, m mix, r *rand.Rand) Initiative {
	w := &writer{table: seatTable(d.closed, r), r: r, end: time.Date(y.Calendar+1, 1, 1, 0, 0, 0, 0, time.UTC)}
	made := Initiative{Workspace: d.id, ID: i.ID}
	var sessions [][]kind
	for kinds := m.kinds(d.closed, r); len(kinds) > 0; {
		n := min(len(kinds), 2+r.IntN(perSession-1))
		sessions, kinds = append(sessions, kinds[:n]), kinds[n:]
	}
	structured := r.IntN(3) == 0 // a structured tool is used at times, in some initiatives
	gap := 340 * 24 * time.Hour / time.Duration(len(sessions))
	for n, kinds := range sessions {
		w.fresh = ""
		if n > 0 && !w.joined && w.chance(newcomer) {
			w.join()
		}
		at := time.Date(y.Calendar, 1, 8, 15, 0, 0, 0, time.UTC).Add(gap * time.Duration(n)).Truncate(24 * time.Hour).Add(time.Duration(9+r.IntN(9)) * time.Hour)
		f := &minutes.File{Format: minutes.Format, Department: minutes.Department{ID: d.id, Name: "Dipartimento di " + d.region + " (inventato)", Region: d.region}, Initiative: i,
			Session: minutes.Session{ID: fmt.Sprintf("s%03d", n+1), Kind: minutes.SessionMeeting, OpenedAt: at, ClosedAt: at.Add(2 * time.Hour)}, Participants: w.present(n == 0)}
		if structured && n%6 == 2 {
			f.Session.Kind = minutes.SessionFocusGroup
		}
		meeting := Meeting{File: f}
		w.opened, w.closed, w.others = at, f.Session.ClosedAt, nil
		for _, p := range f.Participants {
			if p.Constituency == minutes.ConstituencyFamily || p.Constituency == minutes.ConstituencyPSW {
				w.others = append(w.others, p.ID)
			}
		}
		earlier := len(w.earlier)
		w.here = map[string]bool{}
		for k, x := range kinds {
			item, ahead := w.item(n, k, x, gap, earlier)
			f.Items = append(f.Items, item)
			meeting.Ahead = append(meeting.Ahead, ahead...)
			w.untoldOf(&meeting.Untold, item.Decisions[0], x)
		}
		w.report(&meeting.Untold, f)
		made.Meetings = append(made.Meetings, meeting)
	}
	return made
}

// writer writes the minutes of one initiative; its state is what earlier sessions left.
type writer struct {
	table
	r              *rand.Rand
	opened, closed time.Time
	// others are relatives and peer workers who came to this session.
	others []string
	// end is the first moment that the year does not reach.
	end time.Time
	// earlier items may return; here are those that did in this session.
	earlier []minutes.Item
	here    map[string]bool
	// joined: somebody has come to the table since the first session; nobody else does. fresh is who comes with this one: before it they proposed nothing.
	joined bool
	fresh  string
}

func (w *writer) chance(percent int) bool { return w.r.IntN(100) < percent }

// present lists who came: everybody the first time, then nearly everybody.
func (w *writer) present(first bool) []minutes.Participant {
	return slices.DeleteFunc(slices.Clone(w.all), func(p minutes.Participant) bool {
		return !first && p.Name != "" && (p.ID == "f1" || p.ID == "s1") && w.chance(30)
	})
}

// item writes one item with its decision, and how it came onto the agenda if that was before the session. One of the first items of the writer may come
// back, those that were there before the session.
func (w *writer) item(session, place int, k kind, gap time.Duration, before int) (minutes.Item, []Ahead) {
	item := minutes.Item{ID: fmt.Sprintf("i%03d-%d", session+1, place+1), Title: titles[w.r.IntN(len(titles))], ProposedBy: w.proposer()}
	var ahead []Ahead
	back := before > 0 && w.chance(4)
	switch {
	case back:
		n := w.r.IntN(before)
		item.ID, item.Title, item.ProposedBy = w.earlier[n].ID, w.earlier[n].Title, w.earlier[n].ProposedBy
		back = !w.here[item.ID]
		if !back {
			item.ID = fmt.Sprintf("i%03d-%d", session+1, place+1)
		}
		w.here[item.ID] = true
	case session > 0 && item.ProposedBy != w.fresh && w.chance(40):
		ahead = append(ahead, w.ahead(item, gap, false))
	}
	if by := w.proposer(); session > 0 && by != w.fresh && w.chance(6) {
		ahead = append(ahead, w.ahead(minutes.Item{ID: fmt.Sprintf("i%03d-%dx", session+1, place+1), Title: titles[w.r.IntN(len(titles))], ProposedBy: by}, gap, true))
	}
	item.Contributions = w.talk(k)
	item.Decisions = []minutes.Decision{w.decision(fmt.Sprint("d", place+1), k)}
	asked := questions[item.Title]
	item.Decisions[0].Question = asked[session%len(asked)]
	if !back {
		w.earlier = append(w.earlier, minutes.Item{ID: item.ID, Title: item.Title, ProposedBy: item.ProposedBy})
	}
	return item, ahead
}

// ahead says when an item was proposed and what was said to that: within the time since the session before.
func (w *writer) ahead(item minutes.Item, gap time.Duration, refused bool) Ahead {
	proposed := w.opened.Add(-time.Duration(w.r.Int64N(int64(min(gap, 40*24*time.Hour))-int64(time.Hour)) + int64(time.Hour)))
	a := Ahead{Item: item.ID, Title: item.Title, By: item.ProposedBy, Proposed: proposed, Decided: proposed.Add(w.opened.Sub(proposed) / time.Duration(2+w.r.IntN(6))), Refused: refused, Reason: "Riguarda tutti."}
	if refused {
		a.Reason = reasons[w.r.IntN(len(reasons))]
	}
	return a
}

// proposer is a user in one case of four.
func (w *writer) proposer() string {
	if len(w.users) > 0 && w.chance(25) {
		return w.any(w.users)
	}
	return w.any(w.professionals)
}

func (w *writer) any(of []string) string { return of[w.r.IntN(len(of))] }

// talk writes what was said. Where users have no role they said nothing; where they are asked, one of them gives advice, and mostly gets an answer.
func (w *writer) talk(k kind) []minutes.Contribution {
	said := []minutes.Contribution{{By: w.any(w.professionals), Kind: minutes.ContributionReport, Seconds: int64(60 + w.r.IntN(240))}}
	mute := k >= informed && k <= notInvited || len(w.users) == 0
	for range w.r.IntN(4) {
		by := w.any(w.professionals)
		if !mute && w.chance(35) {
			by = w.any(w.users)
		}
		said = append(said, minutes.Contribution{By: by, Kind: minutes.ContributionStatement, Seconds: int64(15 + w.r.IntN(120))})
	}
	if mute {
		return said
	}
	if k == voiceOnly || w.chance(20) {
		said = append(said, minutes.Contribution{By: w.any(w.users), Kind: minutes.ContributionStatement, Seconds: int64(15 + w.r.IntN(90))})
	}
	if k == advice || w.chance(15) {
		said = append(said, minutes.Contribution{By: w.any(w.users), Kind: minutes.ContributionProposal, Seconds: int64(20 + w.r.IntN(90)), Text: "Proviamo per due mesi e poi vediamo."})
		if number := len(said); w.chance(65) {
			reply := []minutes.Reply{minutes.ReplyAccepted, minutes.ReplyAccepted, minutes.ReplyPartly, minutes.ReplyRefused}[w.r.IntN(4)]
			said = append(said, minutes.Contribution{By: w.any(w.professionals), Kind: minutes.ContributionStatement, Seconds: int64(15 + w.r.IntN(60)), Answers: int64(number), Reply: reply})
		}
	}
	return said
}
