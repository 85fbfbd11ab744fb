package export

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter makes the tables of an evaluation out of the answers of the API: roles by decision, departments, Table 3, findings.
//
// Only the two views of users are in it: the role of another group, which may be one person, is for those who may open the record. Questions are left
// out, because people write names into them.

// Evaluation is what an export is made from.
type Evaluation struct {
	// Roles are decisions with the roles of the two views of users; others are left out.
	Roles *apiv1.ListRolesResponse
	// Workspaces give names and regions, scopes, areas and stages.
	Workspaces *apiv1.ListWorkspacesResponse
	// Departments are the ledger's rows by workspace, for one view.
	Departments *apiv1.ListRoleLedgerResponse
	Table3      *apiv1.GetTable3Response
	Findings    *apiv1.ListFindingsResponse
	// Chosen names the decisions that were chosen within the period, "" when it was all of them.
	Chosen string
	// From and To are the period; zero where it is open.
	From, To time.Time
	// Regional: regions were chosen, so that small numbers of departments are hidden (HideSmall).
	Regional bool
	// people are the counts that Release lets out, by the place of their finding; hidden the options that HideSmall took out.
	people map[int]int
	hidden map[string]bool
}

// Document makes the document of an export.
func (e *Evaluation) Document() *Document {
	return &Document{
		Name: "tavolo_evidence", Title: Labels{"Ruoli dei partecipanti, dal registro", "Roles of participants, from the record"}, At: e.Roles.AsOf.AsTime(), Method: e.method(),
		Tables: []Table{e.roles(), e.departments(), e.table3(), e.findings()},
	}
}

func said(code string) Labels {
	return Labels{catalogue.Sentence(code, catalogue.Italian, nil), catalogue.Sentence(code, catalogue.English, nil)}
}

// coded lists codes with their texts in the catalogue.
func coded(prefix string, codes ...string) []Value {
	var all []Value
	for _, c := range codes {
		all = append(all, Value{c, said(prefix + c)})
	}
	return all
}

var roleValues = coded("role/", string(role.None), string(role.Consultative), string(role.Decisive), string(role.Other))

// reasonValues are all reasons that the rules can give, in their order.
func reasonValues() []Value {
	var codes []string
	for _, r := range role.Rules {
		for _, g := range r.Gives {
			if !slices.Contains(codes, string(g.Reason)) {
				codes = append(codes, string(g.Reason))
			}
		}
	}
	return coded("reason/", codes...)
}

var whoValues = []Value{
	{evidence.Strict, Labels{"Utenti, in senso stretto", "Users, in the strict sense"}},
	{evidence.Broad, Labels{"Utenti, familiari ed esperti, in senso largo", "Users, family and peer workers, in the broad sense"}},
}

func column(name, it, en string, kind Kind, values ...Value) Column {
	return Column{Name: name, Labels: Labels{it, en}, Kind: kind, Values: values}
}

func (e *Evaluation) roles() Table {
	t := Table{Name: "roles", Labels: Labels{"Ruoli per decisione", "Roles by decision"}, Columns: []Column{
		column("workspace", "Dipartimento (codice)", "Department (code)", Text), column("region", "Regione", "Region", Text),
		column("initiative", "Iniziativa", "Initiative", Text), column("session", "Incontro", "Session", Text), column("decision", "Decisione", "Decision", Text),
		column("scope", "Ambito", "Scope", Code, coded("scope/", "strategic_planning", "area")...),
		column("area", "Area", "Area", Code, coded("area/", "rehabilitation", "care_pathways", "new_services", "staff_training", "other")...),
		column("stage", "Fase", "Stage", Code, coded("stage/", "commission", "design", "deliver", "assess")...),
		column("closed_on", "Giorno della decisione", "Day of the decision", Day),
		column("outcome", "Esito", "Outcome", Code, coded("outcome/", "adopted", "rejected", "no_decision")...),
		column("who", "Chi", "Who", Code, whoValues...),
		column("role", "Ruolo", "Role", Code, roleValues...), column("role_at_decision", "Ruolo al momento della decisione", "Role at the decision", Code, roleValues...),
		column("rule", "Regola", "Rule", Integer), column("reason", "Motivo", "Reason", Code, reasonValues()...),
		column("power", "Potere", "Power", Decimal), column("flags", "Segnalazioni", "Flags", Text),
	}}
	t.Columns[13].About = Labels{"Numero della regola in " + role.Version + ".", "Number of the rule in " + role.Version + "."}
	t.Columns[15].About = Labels{"Indice assoluto di Banzhaf: quanto spesso quei voti cambiano il risultato.", "Absolute Banzhaf index: how often these votes change the result."}
	for _, d := range e.Roles.Decisions {
		w, i := e.place(d.Workspace, d.Initiative)
		for _, j := range d.Roles {
			if !evidence.UserView(j.Who) {
				continue
			}
			t.Rows = append(t.Rows, []any{d.Workspace, w.GetRegion(), d.Initiative, d.Session, d.Id, word(i.GetScope()), word(i.GetArea()), word(i.GetStage()), d.ClosedAt.AsTime(), word(d.Outcome),
				j.Who, j.Role, j.RoleAtDecision, int(j.Rule), j.Reason, decimal(j.Power), strings.Join(j.Flags, " ")})
		}
	}
	return t
}

func (e *Evaluation) place(workspace, initiative string) (*apiv1.WorkspaceView, *apiv1.InitiativeSummary) {
	for _, w := range e.Workspaces.GetWorkspaces() {
		if w.Id != workspace {
			continue
		}
		for _, i := range w.Initiatives {
			if i.Id == initiative {
				return w, i
			}
		}
		return w, nil
	}
	return nil, nil
}

// word gives the code of an enum's value: SCOPE_AREA is area. Nil when it is not stated.
func word(value fmt.Stringer) any {
	prefixes := []string{"SCOPE_", "AREA_", "STAGE_", "OUTCOME_"}
	text := value.String()
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(text, p); ok {
			text = rest
			break
		}
	}
	if text == "UNSPECIFIED" {
		return nil
	}
	return strings.ToLower(text)
}

// decimal reads an exact fraction; nil when there is none.
func decimal(fraction string) any {
	r, ok := new(big.Rat).SetString(fraction)
	if !ok {
		return nil
	}
	f, _ := r.Float64()
	return f
}

func (e *Evaluation) departments() Table {
	t := Table{Name: "departments", Labels: Labels{"Ruolo per dipartimento", "Role by department"}, Columns: []Column{
		column("workspace", "Dipartimento (codice)", "Department (code)", Text), column("name", "Dipartimento", "Department", Text), column("region", "Regione", "Region", Text),
		column("role", "Ruolo mediano", "Median role", Code, roleValues...), column("best", "Ruolo nella decisione migliore", "Role in the best decision", Code, roleValues...), column("worst", "Ruolo nella decisione peggiore", "Role in the worst decision", Code, roleValues...),
		column("included", "Decisioni contate", "Decisions counted", Integer), column("n_none", "Di cui: nessuno", "Of these: none", Integer), column("n_consultative", "Di cui: consultivo", "Of these: consultative", Integer),
		column("n_decisive", "Di cui: decisionale", "Of these: decisive", Integer), column("n_other", "Di cui: altro", "Of these: other", Integer), column("excluded", "Decisioni escluse", "Decisions left out", Integer),
		column("too_few", "Troppo poche decisioni", "Too few decisions", Code, Value{"no", Labels{"No", "No"}}, Value{"yes", Labels{"Sì", "Yes"}}),
	}}
	for _, r := range e.Departments.GetRows() {
		w, _ := e.place(r.Key, "")
		excluded := 0
		for _, n := range r.Excluded {
			excluded += int(n)
		}
		few := "no"
		if r.TooFew {
			few = "yes"
		}
		n := func(r2 role.Role) any { return int(r.Distribution[string(r2)]) }
		t.Rows = append(t.Rows, []any{r.Key, w.GetName(), w.GetRegion(), r.Role, orNothing(r.Best), orNothing(r.Worst), int(r.Included), n(role.None), n(role.Consultative), n(role.Decisive), n(role.Other), excluded, few})
	}
	return t
}

func orNothing(code string) any {
	if code == "" {
		return nil
	}
	return code
}

func (e *Evaluation) table3() Table {
	t := Table{Name: "table3", Labels: Labels{"Tavola 3 dell'indagine, dal registro e come pubblicata", "The survey's Table 3, from the record and as published"}, Columns: []Column{
		column("item", "Domanda", "Item", Text), column("option", "Risposta", "Option", Text),
		column("n", "Dal registro: n", "From the record: n", Integer), column("base", "Dal registro: su", "From the record: of", Integer), column("percent", "Dal registro: %", "From the record: %", Decimal),
		column("low", "Intervallo, da (%)", "Interval, from (%)", Decimal), column("high", "Intervallo, a (%)", "Interval, to (%)", Decimal),
		column("finite_low", "Intervallo per popolazione finita, da (%)", "Interval for a finite population, from (%)", Decimal), column("finite_high", "Intervallo per popolazione finita, a (%)", "Interval for a finite population, to (%)", Decimal),
		column("worst_low", "Se nessuno degli altri (%)", "If none of the others (%)", Decimal), column("worst_high", "Se tutti gli altri (%)", "If all of the others (%)", Decimal),
		column("published_n", "Pubblicata: n", "Published: n", Integer), column("published_base", "Pubblicata: su", "Published: of", Integer), column("published_percent", "Pubblicata: %, dai conteggi", "Published: %, from its counts", Decimal), column("printed", "Pubblicata: % stampata", "Published: % as printed", Decimal),
	}}
	for _, r := range e.Table3.GetRows() {
		row := []any{r.Item, r.Option}
		if e.hidden[r.Item+"/"+r.Option] {
			row = append(row, Suppressed{}, Suppressed{}, Suppressed{})
		} else {
			row = append(row, share(r.Evidenced)...)
		}
		for _, i := range []*apiv1.TableInterval{r.Sampled, r.Finite, r.WorstCase} {
			row = append(row, decimal(i.GetLow()), decimal(i.GetHigh()))
		}
		row = append(row, share(r.Published)...)
		t.Rows = append(t.Rows, append(row, decimal(r.Printed)))
	}
	return t
}

func share(s *apiv1.TableShare) []any {
	if s == nil {
		return []any{nil, nil, nil}
	}
	return []any{int(s.N), int(s.Of), decimal(s.Percent)}
}

func (e *Evaluation) findings() Table {
	var codes []string
	for _, c := range evidence.Codes {
		codes = append(codes, string(c))
	}
	t := Table{Name: "findings", Labels: Labels{"Punti da guardare", "Findings"}, Columns: []Column{
		column("workspace", "Dipartimento (codice)", "Department (code)", Text), column("finding", "Che cosa", "What", Code, coded("finding/", codes...)...), column("happened_on", "Giorno", "Day", Day),
		column("decisions", "Decisioni", "Decisions", Text), column("item", "Punto", "Item", Text), column("people", "Persone", "People", Integer),
	}}
	for i, f := range e.Findings.GetFindings() {
		var people any = Suppressed{}
		if n, ok := e.people[i]; ok || f.People == 0 {
			people = n
		}
		t.Rows = append(t.Rows, []any{f.Workspace, f.Code, f.At.AsTime(), strings.Join(f.Decisions, " "), f.Item, people})
	}
	return t
}

func (e *Evaluation) method() []Labels {
	period := func(open string) string {
		from, to := open, open
		if !e.From.IsZero() {
			from = e.From.UTC().Format(time.DateOnly)
		}
		if !e.To.IsZero() {
			to = e.To.UTC().Add(-time.Second).Format(time.DateOnly)
		}
		return from + " – " + to
	}
	at := e.Roles.AsOf.AsTime().UTC().Format(time.RFC3339)
	only := Labels{}
	if e.Chosen != "" {
		only = Labels{" Solo: " + e.Chosen + ". La tabella 3 chiede di tutto il dipartimento: qui è vuota.", " Only: " + e.Chosen + ". Table 3 asks of the whole department and is empty here."}
	}
	return []Labels{
		{"Registro letto com'era il " + at + ". Periodo: " + period("…") + ". Regole: " + e.Roles.Rules + "." + only.It, "Record read as it stood at " + at + ". Period: " + period("…") + ". Rules: " + e.Roles.Rules + "." + only.En},
		{"Il ruolo è ricavato dal registro con regole fisse, mai dichiarato. Il ruolo di un dipartimento è il più alto avuto in almeno metà delle decisioni contate; con meno di tre decisioni è «altro». Nella tabella 3 il ruolo di un dipartimento guarda solo le decisioni sulla pianificazione strategica; nella tabella «departments» tutte.",
			"A role is derived from the record by fixed rules, never declared. A department's role is the highest one held in at least half of the decisions counted; with fewer than three decisions it is «other». In table 3 the role of a department looks only at decisions on strategic planning; in the table «departments» at all of them."},
		{"Restano fuori dai denominatori le decisioni senza regola scritta prima del voto, quelle in cui non si è deciso nulla e quelle di persone i cui dati sono stati cancellati: il loro numero è nella colonna «excluded».",
			"Decisions without a rule written before the vote, those in which nothing was decided, and those of people whose data were erased are left out of the denominators: the column «excluded» counts them."},
		{"Utenti in senso stretto: utenti che non lavorano per il dipartimento. In senso largo: anche familiari ed esperti in supporto tra pari.", "Users in the strict sense: users who do not work for the department. In the broad sense: family members and peer support workers too."},
		{"Percentuali arrotondate per eccesso da mezzo decimale, sui conteggi. Un registro completo è un censimento delle sue decisioni; gli intervalli (Wilson, 95%) valgono se questi dipartimenti rappresentano gli altri. Chi usa Tavolo non è un campione: non estendere queste cifre al resto d'Italia.",
			"Percentages are rounded half up to one decimal, from counts. A complete record is a census of its decisions; the intervals (Wilson, 95%) hold if these departments stand for the others. Those who use Tavolo are no sample: do not extend these figures to the rest of the country."},
		{"Che cosa non si vede: ciò che nessuno ha registrato. I numeri di persone sotto cinque non sono mostrati, né quelli che, insieme a un file precedente, indicherebbero poche persone; se si scelgono regioni, nemmeno i numeri di dipartimenti sotto tre.", "What is not seen: whatever nobody recorded. Numbers of people below five are not shown, nor those that would point to a few people together with an earlier file; where regions are chosen, nor numbers of departments below three."},
	}
}
