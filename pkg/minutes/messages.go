package minutes

// The sentence of every problem, in Italian and English: what happened and what to write instead. A $name
// stands for an argument of the problem. A key with a variant mark is the sentence for problems of that
// code that carry the named argument.

type sentence struct{ it, en string }

const variantMark = "~"

// variants are the arguments that have sentences of their own, in the order of preference.
var variants = []string{"near", "belongs"}

var sentences = map[string]sentence{
	// The file as a whole.
	"minutes/empty": {
		`Il file è vuoto: scrivere un verbale che comincia con "format: tavolo-minutes/1".`,
		`The file is empty: write minutes that begin with "format: tavolo-minutes/1".`},
	"minutes/too-large": {
		`Il file supera $limit: dividere il verbale in più file, uno per seduta.`,
		`The file is larger than $limit: split it into one file for each session.`},
	"minutes/too-many-values": {
		`Il file contiene più di $limit valori: dividere il verbale in più file, uno per seduta.`,
		`The file holds more than $limit values: split it into one file for each session.`},
	"minutes/too-deep": {
		`Elenchi e oggetti sono annidati oltre $limit livelli: un verbale ne usa al massimo 9, togliere quelli di troppo.`,
		`Lists and objects are nested deeper than $limit levels: minutes use 9 at most, so take the extra ones away.`},
	"minutes/not-text": {
		`Questo è un documento di un altro programma e non un testo: salvare il verbale come testo semplice UTF-8, in YAML o JSON.`,
		`This is a document of another program and not text: save the minutes as plain UTF-8 text, in YAML or JSON.`},
	"minutes/not-utf8": {
		`Qui c'è un carattere che non è UTF-8: salvare di nuovo il file scegliendo la codifica UTF-8.`,
		`A character here is not UTF-8: save the file again with the encoding UTF-8.`},
	"minutes/control-character": {
		`Qui c'è un carattere di controllo invisibile: cancellarlo e riscrivere il testo a mano.`,
		`There is an invisible control character here: delete it and type the text again.`},
	"minutes/not-minutes": {
		`Questo file non è un verbale di Tavolo: deve cominciare con "format: tavolo-minutes/1" e contenere department, initiative, session, participants e items.`,
		`This file is not minutes for Tavolo: it has to begin with "format: tavolo-minutes/1" and hold department, initiative, session, participants and items.`},
	"minutes/format": {
		`Questa versione legge soltanto il formato "tavolo-minutes/1": scrivere "format: tavolo-minutes/1".`,
		`This version reads only the format "tavolo-minutes/1": write "format: tavolo-minutes/1".`},
	"minutes/json-syntax": {
		`Il file comincia con "{" ma da qui non è più JSON corretto: controllare virgole, virgolette e parentesi vicino a questo punto.`,
		`The file begins with "{" but from here on it is not valid JSON: check commas, quotation marks and brackets near this place.`},
	"minutes/yaml-syntax": {
		`Da qui il file non è YAML corretto: controllare rientri, virgolette e parentesi in questa riga e in quella prima.`,
		`From here on the file is not valid YAML: check indentation, quotation marks and brackets in this line and the one before.`},
	"minutes/yaml-tab": {
		`Il rientro è fatto con una tabulazione: usare soltanto spazi.`,
		`The indentation uses a tab: use spaces only.`},
	"minutes/yaml-colon": {
		`In questa riga ci sono due punti seguiti da uno spazio dentro un testo: mettere il testo tra virgolette.`,
		`A text in this line has a colon followed by a space: put the text in quotation marks.`},
	"minutes/yaml-character": {
		`In questa riga un testo comincia con un carattere che YAML usa per altro: mettere il testo tra virgolette.`,
		`A text in this line begins with a character that YAML uses otherwise: put the text in quotation marks.`},
	"minutes/yaml-reference": {
		`Qui c'è un'ancora (&) o un richiamo (*) di YAML: scrivere il valore per esteso, o tra virgolette se è un testo.`,
		`There is a YAML anchor (&) or alias (*) here: write the value in full, or in quotation marks if it is text.`},
	"minutes/yaml-tag": {
		`Qui c'è un'etichetta di tipo di YAML (!): toglierla, o mettere il testo tra virgolette.`,
		`There is a YAML tag (!) here: take it away, or put the text in quotation marks.`},
	"minutes/yaml-merge": {
		`La chiave "<<" di YAML non è ammessa: scrivere le chiavi per esteso.`,
		`The YAML key "<<" is not allowed: write the keys in full.`},
	"minutes/several-documents": {
		`Il file contiene più di un documento, separati da "---": scrivere un file per ogni seduta.`,
		`The file holds more than one document, separated by "---": write one file for each session.`},

	// Keys and types.
	"minutes/unknown-key": {
		`La chiave "$key" non esiste: qui si può scrivere $keys.`,
		`There is no key "$key": what can be written here is $keys.`},
	"minutes/unknown-key~near": {
		`La chiave "$key" non esiste: forse si voleva scrivere "$near".`,
		`There is no key "$key": did you mean "$near"?`},
	"minutes/unknown-key~belongs": {
		`La chiave "$key" non va qui: va scritta dentro $belongs.`,
		`The key "$key" does not belong here: write it in $belongs.`},
	"minutes/duplicate-key": {
		`La chiave "$key" è già scritta alla riga $first_line: tenerne una sola.`,
		`The key "$key" stands already in line $first_line: keep only one of them.`},
	"minutes/key-not-text": {
		`Qui una chiave non è un testo: scrivere una parola seguita da due punti.`,
		`A key here is not text: write one word followed by a colon.`},
	"minutes/missing-key": {
		`Manca la chiave "$key": aggiungerla qui.`,
		`The key "$key" is missing: add it here.`},
	"minutes/nothing-written": {
		`Dopo "$key" non c'è scritto niente: scrivere il valore o togliere la chiave.`,
		`Nothing is written after "$key": write the value or take the key away.`},
	"minutes/expects-object": {
		`Qui servono delle chiavi con i loro valori: scrivere per esempio {id: a1}.`,
		`Keys with their values are needed here: write for example {id: a1}.`},
	"minutes/expects-list": {
		`Qui serve un elenco: scrivere per esempio [a, b], oppure una riga che comincia con "- " per ogni voce.`,
		`A list is needed here: write for example [a, b], or one line beginning with "- " for each entry.`},
	"minutes/expects-text": {
		`Qui serve un testo: scriverlo tra virgolette.`,
		`Text is needed here: write it in quotation marks.`},
	"minutes/expects-whole-number": {
		`Qui serve un numero intero: scriverlo con sole cifre, senza virgolette né decimali, per esempio 2.`,
		`A whole number is needed here: write it with digits only, without quotation marks or decimals, for example 2.`},
	"minutes/expects-true-or-false": {
		`Qui serve true o false: scrivere una di queste due parole, senza virgolette.`,
		`True or false is needed here: write one of these two words, without quotation marks.`},
	"minutes/number-too-small": {
		`Questo numero è troppo piccolo: scrivere almeno $least.`,
		`This number is too small: write at least $least.`},
	"minutes/number-too-large": {
		`Questo numero è troppo grande: scrivere al massimo $most.`,
		`This number is too large: write at most $most.`},
	"minutes/unknown-word": {
		`Questa parola non è prevista qui: scrivere una tra $allowed.`,
		`This word is not one of those known here: write one of $allowed.`},
	"minutes/unknown-word~near": {
		`Questa parola non è prevista qui: forse si voleva scrivere "$near"; le parole possibili sono $allowed.`,
		`This word is not one of those known here: did you mean "$near"? The words are $allowed.`},
	"minutes/id": {
		`Questo non può essere un identificativo: usare da 1 a 64 lettere senza accenti, cifre, "-" o "_", cominciando con una lettera o una cifra, per esempio u1 o 2026-03-05.`,
		`This cannot be an id: use 1 to 64 letters without accents, digits, "-" or "_", beginning with a letter or a digit, for example u1 or 2026-03-05.`},
	"minutes/reserved-id": {
		`L'identificativo "$id" indica chi ha diritto di voto e non può essere di una persona: sceglierne un altro.`,
		`The id "$id" means those entitled to vote and cannot be a person's: choose another.`},
	"minutes/constituency": {
		`Questo non può essere il codice di una componente: scrivere user, family, psw, professional, director, researcher, citizen, association, institution o un codice proprio di lettere minuscole, cifre, "-" e "_".`,
		`This cannot be the code of a constituency: write user, family, psw, professional, director, researcher, citizen, association, institution or a code of your own of small letters, digits, "-" and "_".`},
	"minutes/constituency~near": {
		`Questa componente non esiste: forse si voleva scrivere "$near".`,
		`There is no such constituency: did you mean "$near"?`},
	"minutes/time": {
		`Questo non è un momento valido: scrivere data, ora e fuso, per esempio 2026-03-05T16:00:00+01:00.`,
		`This is not a valid moment: write date, time and offset, for example 2026-03-05T16:00:00+01:00.`},
	"minutes/time-of-day-missing": {
		`In "$key" c'è soltanto la data: aggiungere ora e fuso, per esempio 2026-03-05T16:00:00+01:00.`,
		`There is only a date in "$key": add the time and the offset, for example 2026-03-05T16:00:00+01:00.`},
	"minutes/time-offset-missing": {
		`In "$key" mancano i secondi o il fuso: scrivere per esempio 2026-03-05T16:00:00+01:00 (+02:00 con l'ora legale).`,
		`The seconds or the offset are missing in "$key": write for example 2026-03-05T16:00:00+01:00 (+02:00 in summer time).`},
	"minutes/due": {
		`Questa non è una scadenza valida: scrivere una data come 2026-04-01 o un momento come 2026-04-01T12:00:00+02:00.`,
		`This is not a valid deadline: write a date such as 2026-04-01 or a moment such as 2026-04-01T12:00:00+02:00.`},
	"minutes/fraction": {
		`Questa non è una frazione valida: scriverla come 1/2 o 2/3, maggiore di zero e non più di 1/1.`,
		`This is not a valid fraction: write it as 1/2 or 2/3, more than zero and not above 1/1.`},
	"minutes/threshold": {
		`Questa non è una soglia valida: scrivere majority, un numero intero di voti, o una frazione come "2/3" non superiore a 1/1.`,
		`This is not a valid threshold: write majority, a whole number of votes, or a fraction such as "2/3" not above 1/1.`},
	"minutes/duplicate-entry": {
		`"$id" compare due volte in questo elenco: scriverlo una volta sola.`,
		`"$id" stands twice in this list: write it once.`},
	"minutes/decision-and-decisions": {
		`Questo punto ha sia "decision" sia "decisions": scrivere tutte le decisioni sotto "decisions".`,
		`This item has both "decision" and "decisions": write all decisions under "decisions".`},

	// The session.
	"minutes/area-without-scope": {
		`"area" vale soltanto con "scope: area": scrivere "scope: area" o togliere "area".`,
		`"area" goes only with "scope: area": write "scope: area" or take "area" away.`},
	"minutes/closed-before-opened": {
		`La seduta risulta chiusa prima di essere aperta: correggere "opened_at" o "closed_at".`,
		`The session would have closed before it was opened: correct "opened_at" or "closed_at".`},
	"minutes/unknown-participant": {
		`Nessun partecipante ha l'identificativo "$id": aggiungerlo a "participants" o correggerlo qui.`,
		`No participant has the id "$id": add it to "participants" or correct it here.`},
	"minutes/duplicate-participant": {
		`Il partecipante "$id" è già scritto alla riga $first_line: dare a ogni persona un identificativo diverso.`,
		`The participant "$id" stands already in line $first_line: give every person an id of their own.`},
	"minutes/duplicate-item": {
		`Il punto "$id" è già scritto alla riga $first_line: dare a ogni punto un identificativo diverso.`,
		`The item "$id" stands already in line $first_line: give every item an id of its own.`},
	"minutes/duplicate-decision": {
		`La decisione "$id" è già scritta alla riga $first_line: dare a ogni decisione della seduta un identificativo diverso.`,
		`The decision "$id" stands already in line $first_line: give every decision of the session an id of its own.`},
	"minutes/answers-unknown": {
		`L'intervento numero $number non esiste: questo punto ne ha $last, scrivere un numero da 1 in poi.`,
		`There is no contribution number $number: this item has $last, so write the number of one of them, counting from 1.`},
	"minutes/answers-later": {
		`L'intervento $own non può rispondere al numero $number, che non viene prima: scrivere il numero di un intervento precedente.`,
		`Contribution $own cannot answer number $number, which does not come before it: write the number of an earlier contribution.`},
	"minutes/reply-without-answers": {
		`"reply" non dice a che cosa risponde: aggiungere "answers" con il numero dell'intervento.`,
		`"reply" does not say what it replies to: add "answers" with the number of the contribution.`},

	// Votes.
	"minutes/duplicate-elector": {
		`"$id" è già tra gli aventi diritto alla riga $first_line: tenere una sola voce.`,
		`"$id" stands in the electorate already, in line $first_line: keep only one entry.`},
	"minutes/vote-without-standing": {
		`"$id" ha standing "$standing" e non poteva votare: togliere "$key" o scrivere lo standing che dava il voto, per esempio binding_vote.`,
		`"$id" has the standing "$standing" and could not vote: take "$key" away or write the standing that gave a vote, for example binding_vote.`},
	"minutes/vote-recused": {
		`"$id" si è astenuto dal partecipare (recused) e non può aver votato: togliere "$key" o "recused".`,
		`"$id" is recused and cannot have voted: take "$key" or "recused" away.`},
	"minutes/vote-absent": {
		`"$id" era assente e non può aver votato: togliere "$key" o "present: false", oppure scrivere in "proxy" chi ha votato al suo posto.`,
		`"$id" was absent and cannot have voted: take "$key" or "present: false" away, or write in "proxy" who voted instead.`},
	"minutes/ballot-secret": {
		`Il voto era segreto e qui è scritto il voto di "$id": scrivere "cast: true" e i totali in "tally".`,
		`The vote was secret and the ballot of "$id" is written here: write "cast: true" and the totals in "tally".`},
	"minutes/cast-not-secret": {
		`"cast" vale soltanto nel voto segreto: per "$id" scrivere "ballot", o "secret: true" in "charter".`,
		`"cast" goes only with a secret vote: write "ballot" for "$id", or "secret: true" in "charter".`},
	"minutes/mandate-without-vote": {
		`"$id" ha standing "$standing" e nessun voto da vincolare: togliere "mandate" o scrivere lo standing che dava il voto.`,
		`"$id" has the standing "$standing" and no vote to bind: take "mandate" away or write the standing that gave a vote.`},
	"minutes/advice-not-consulted": {
		`"$id" ha standing "$standing" e il suo parere non era richiesto: togliere "advice" o scrivere "standing: consulted".`,
		`"$id" has the standing "$standing" and was not asked for advice: take "advice" away or write "standing: consulted".`},
	"minutes/proxy-without-vote": {
		`"$id" ha standing "$standing" e nessun voto da delegare: togliere "proxy" o scrivere lo standing che dava il voto.`,
		`"$id" has the standing "$standing" and no vote to give away: take "proxy" away or write the standing that gave a vote.`},
	"minutes/proxy-to-self": {
		`"$id" ha delegato sé stesso: scrivere in "to" chi ha votato al suo posto, o togliere "proxy".`,
		`"$id" gave a proxy to itself: write in "to" who voted instead, or take "proxy" away.`},
	"minutes/proxy-holder-absent": {
		`"$id" ha delegato "$holder", che era assente: scrivere in "to" una persona presente, o togliere "proxy".`,
		`"$id" gave a proxy to "$holder", who was absent: write in "to" somebody who was present, or take "proxy" away.`},
	"minutes/proxy-chain": {
		`"$id" ha delegato "$holder", che a sua volta ha delegato altri: scrivere in "to" chi ha votato davvero.`,
		`"$id" gave a proxy to "$holder", who gave one to somebody else: write in "to" the person who really voted.`},
	"minutes/claim-without-outcome": {
		`"claimed_consensus" non dice con quale esito: aggiungere "claimed_outcome: adopted" o "claimed_outcome: rejected".`,
		`"claimed_consensus" does not say with which outcome: add "claimed_outcome: adopted" or "claimed_outcome: rejected".`},
	"minutes/outcome-without-claim": {
		`"claimed_outcome" vale soltanto con "claimed_consensus: true": aggiungerlo, o scrivere i voti e togliere "claimed_outcome".`,
		`"claimed_outcome" goes only with "claimed_consensus: true": add it, or write the ballots and take "claimed_outcome" away.`},

	// Rules.
	"minutes/rule-key": {
		`"$key" non ha senso con "method: $method": togliere "$key" o cambiare "method".`,
		`"$key" makes no sense with "method: $method": take "$key" away or change "method".`},
	"minutes/sole-without-holder": {
		`Con "method: sole" serve chi decide: aggiungere "holder" con il suo identificativo.`,
		`"method: sole" needs the person who decides: add "holder" with the id.`},
	"minutes/no-constituency-rules": {
		`Con "method: constituencies" servono le condizioni di ogni componente: aggiungere per esempio "constituencies: [{of: [user]}]".`,
		`"method: constituencies" needs the condition of each constituency: add for example "constituencies: [{of: [user]}]".`},
	"minutes/no-constituencies": {
		`Questa condizione non riguarda nessuno: scrivere in "of" almeno una componente, per esempio [user].`,
		`This condition is about nobody: write at least one constituency in "of", for example [user].`},
	"minutes/tie-without-chair": {
		`Con "tie: chair" serve chi presiede: aggiungere "chair" con il suo identificativo.`,
		`"tie: chair" needs the chair: add "chair" with the id.`},
	"minutes/chair-without-tie": {
		`"chair" vale soltanto con "tie: chair": aggiungere "tie: chair" o togliere "chair".`,
		`"chair" goes only with "tie: chair": add "tie: chair" or take "chair" away.`},
	"minutes/rule-without-voters": {
		`La regola non può essere soddisfatta perché nessuno aveva il voto: scrivere in "electorate" chi poteva votare, con il suo standing.`,
		`Nobody could fulfil this rule because nobody had a vote: write in "electorate" who could vote, with their standing.`},
	"minutes/rule-names-non-voter": {
		`"$id" è in "$key" ma non poteva votare: dargli in "electorate" uno standing che dà il voto (senza "recused"), o toglierlo da "$key".`,
		`"$id" is named in "$key" but could not vote: give it a standing with a vote in "electorate" (without "recused"), or take it out of "$key".`},
	"minutes/secret-rule": {
		`"$key" chiede come ha votato una singola persona e il voto era segreto: togliere "$key" o "secret: true".`,
		`"$key" asks how single people voted and the vote was secret: take "$key" or "secret: true" away.`},
	"minutes/threshold-unreachable": {
		`La soglia di $wanted voti non si può raggiungere perché i voti sono in tutto $possible: scrivere al massimo $possible.`,
		`The threshold of $wanted votes cannot be reached because there are $possible in all: write at most $possible.`},
	"minutes/min-members-unreachable": {
		`Servirebbero $wanted favorevoli ma gli aventi diritto sono $possible: scrivere al massimo $possible.`,
		`It would take $wanted people in favour but $possible could vote: write at most $possible.`},
	"minutes/constituency-without-voters": {
		`Nessuno di queste componenti aveva il voto, quindi la regola non può essere soddisfatta: correggere "of" o gli standing in "electorate".`,
		`Nobody of these constituencies had a vote, so the rule could never be fulfilled: correct "of" or the standings in "electorate".`},
	"minutes/min-present-unreachable": {
		`Servirebbero $wanted presenti ma la componente ha $possible aventi diritto: scrivere al massimo $possible.`,
		`It would take $wanted people present but $possible of the constituency could vote: write at most $possible.`},
	"minutes/quorum-empty": {
		`Il quorum non dice quanti devono essere presenti: scrivere "fraction", "count" o "constituencies", o togliere "quorum".`,
		`The quorum does not say how many have to be present: write "fraction", "count" or "constituencies", or take "quorum" away.`},
	"minutes/quorum-twice": {
		`Il quorum ha sia "fraction" sia "count": tenerne uno solo.`,
		`The quorum has both "fraction" and "count": keep only one of them.`},
	"minutes/quorum-unreachable": {
		`Il quorum è $wanted ma gli aventi diritto sono $possible: scrivere al massimo $possible.`,
		`The quorum is $wanted but $possible could vote: write at most $possible.`},
	"minutes/quorum-constituency-unreachable": {
		`Il quorum chiede $wanted di "$constituency" ma ne potevano votare $possible: scrivere al massimo quel numero o togliere la componente.`,
		`The quorum asks for $wanted of "$constituency" but $possible could vote: write at most that number or take the constituency away.`},

	// Secret ballots.
	"minutes/tally-not-secret": {
		`"$key" vale soltanto nel voto segreto: scrivere il "ballot" di ognuno, o "secret: true" in "charter".`,
		`"$key" goes only with a secret vote: write everybody's "ballot", or "secret: true" in "charter".`},
	"minutes/tally-missing": {
		`Il voto era segreto e mancano i totali: aggiungere per esempio "tally: {for: 7, against: 5, abstain: 0}".`,
		`The vote was secret and the totals are missing: add for example "tally: {for: 7, against: 5, abstain: 0}".`},
	"minutes/tally-too-large": {
		`I totali fanno $wanted voti ma chi ha votato ne aveva $possible: correggere "tally" o scrivere "cast: true" per tutti quelli che hanno votato.`,
		`The totals make $wanted votes but those who voted had $possible: correct "tally" or write "cast: true" for everybody who voted.`},
	"minutes/tally-part-too-large": {
		`I totali di "$constituency" fanno $wanted voti ma chi ha votato ne aveva $possible: correggerli o scrivere "cast: true" per tutti quelli che hanno votato.`,
		`The totals of "$constituency" make $wanted votes but those who voted had $possible: correct them or write "cast: true" for everybody who voted.`},
	"minutes/tally-part-missing": {
		`La regola chiede l'esito di "$constituency" e mancano i suoi totali: aggiungerli in "tally_by_constituency".`,
		`The rule asks about "$constituency" and its totals are missing: add them in "tally_by_constituency".`},
	"minutes/tally-parts-differ": {
		`Le componenti sommano $parts voti "$choice" ma "tally" ne ha $whole: correggere gli uni o gli altri.`,
		`The constituencies sum to $parts votes "$choice" but "tally" has $whole: correct the one or the other.`},

	// Acts.
	"minutes/act-needs": {
		`A un atto "$kind" manca "$key": aggiungerlo.`,
		`An act "$kind" needs "$key": add it.`},
	"minutes/act-key": {
		`"$key" non ha senso in un atto "$kind": toglierlo; le chiavi possibili sono $keys.`,
		`"$key" makes no sense in an act "$kind": take it away; the keys are $keys.`},
	"minutes/act-before-session": {
		`L'atto "$kind" risulta prima dell'apertura della seduta: correggere "at" o "opened_at".`,
		`The act "$kind" would have happened before the session was opened: correct "at" or "opened_at".`},
	"minutes/due-before-session": {
		`La scadenza era già passata all'apertura della seduta ($opened): correggere "due" o "opened_at".`,
		`The deadline had passed when the session was opened ($opened): correct "due" or "opened_at".`},
}
