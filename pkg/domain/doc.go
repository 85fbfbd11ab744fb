// Package domain holds the rules of Tavolo and nothing else: no input or output, no clock, no chance. Every package below it is a
// decider (what a command does) or a pure reading of events (what the record shows). Glossary, English / Italian:
//
//   - workspace / spazio di lavoro: a department's own log; the tenant.
//   - initiative / iniziativa: a co-design process and the people who belong to it.
//   - session / incontro: a meeting of any kind.
//   - agenda item / punto all'ordine del giorno: what is discussed; it lives on across sessions.
//   - contribution / intervento: one thing that somebody said to an item.
//   - floor / parola: who speaks to an item in a session, and who asks to; a turn / turno is over when it became a contribution.
//   - decision / decisione: a question, its charter, its electorate, the vote, the outcome and what became of it.
//   - charter / patto di decisione: what was fixed before voting opened: rule, ratification, secrecy, precommitment.
//   - electorate / corpo elettorale: everyone asked, informed or entitled; an elector is one line of it.
//   - standing / titolo: what the charter entitles an elector to (informed, consulted, binding vote, consent, veto, delegated).
//   - constituency / componente: the perspective somebody sits for (user, family, psw, professional, …).
//   - ballot / voto; tally / conteggio; quorum / numero legale; outcome / esito.
//   - role / ruolo: none, consultative, decisive or other, derived from the record (package role), never typed in.
//   - power / potere: how often a vote would change the outcome under the rule (package power).
//   - tutor / referente con funzioni di tutoraggio (on screen: chi ti affianca): another participant of the initiative whom a participant chose, and who reads
//     with them the signals that concern them.
//   - signal / segnale: what might keep one person from taking part, told to them and to their tutor alone (package evidence).
//   - office / incarico: facilitator, chair, secretary … of one session; not a role.
//
// Not here: where events are kept (pkg/eventlog), who may send which command (services/gateway/policy.go), the sentences people read (pkg/catalogue).
package domain
