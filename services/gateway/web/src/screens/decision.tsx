// A decision: the question, what came out, the rule, who could vote and did, what became of it, and who had which role.
import { ask, useAsked } from "../api";
import { deskOf, planned } from "../deciding/desk";
import { Standing } from "../deciding/itemdecisions";
import { After } from "../deciding/later";
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { ElectorJson } from "../gen/tavolo/event/v1/decision_pb";
import { useLive } from "../live";
import { Acts } from "../parts/acts";
import { Phase } from "../parts/badges";
import { LiveNote } from "../parts/livenote";
import { type People, named } from "../parts/people";
import { Result } from "../parts/result";
import { Roles } from "../parts/roles";
import { RuleInWords } from "../parts/ruleinwords";
import { Back, Empty, Screen, Section } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { address, initiativeOf, sessionOf } from "../route";
import { constituency, dayAndTime, label, t } from "../words";

export function Decision({ workspace, id, why }: { workspace: string; id: string; why?: string | undefined }) {
  const asked = useLive("DecisionService/GetDecision", { workspace, decision: id }, workspace, `decision:${id}`);
  const d = asked.data;
  return (
    <Screen kind={t("web/decision")} title={d?.question} asked={asked} back={<Back workspace={workspace} id={id} initiative session />}>
      {d && <Content workspace={workspace} id={id} d={d} why={why} />}
    </Screen>
  );
}

// The record of an initiative says who everyone is, that of the session who is in the room.
function Content({ workspace, id, d, why }: { workspace: string; id: string; d: DecisionViewJson; why: string | undefined }) {
  const initiative = initiativeOf(id), session = sessionOf(id);
  const asked = useAsked(`${initiative} ${d.sequence}`, (signal) => Promise.all([
    ask("InitiativeService/GetInitiative", { workspace, initiative }, signal), ask("SessionService/GetSession", { workspace, session }, signal).catch(() => undefined),
  ]));
  const desk = deskOf(workspace, d, asked.data?.[1]?.seats ?? [], asked.data?.[0].participants ?? [], d.sequence ?? "0"), all = desk.all;
  return (
    <>
      <p class="under"><Phase phase={d.phase} /> {d.closedAt ? t("web/closed-at", { when: dayAndTime(d.closedAt) }) : d.closesAt && t("web/closes-at", { when: dayAndTime(d.closesAt) })}</p>
      <LiveNote />
      {(d.corrections ?? 0) > 0 && <p class="notice">{t("web/corrected", { n: d.corrections ?? 0 })}</p>}
      <Section id="result" title={t(d.phase === "DECISION_PHASE_OPEN" ? "web/voting-now" : "web/what-came-out")}>{asked.data ? <Standing desk={desk} page /> : <Result d={d} />}</Section>
      <Section id="roles" title={t("web/who-had-which-role")}><Roles workspace={workspace} id={id} d={d} all={all} why={why} /></Section>
      <Section id="rule" title={t("web/rule")}><RuleInWords d={planned(d)} all={all} /></Section>
      <Section id="electorate" title={t("web/electorate")}><Electorate d={planned(d)} all={all} /></Section>
      <Section id="acts" title={t("web/what-became")}>
        {d.phase === "DECISION_PHASE_CLOSED" && (desk.takesPart || desk.facilitates) && asked.data ? <After desk={desk} /> : <Acts d={d} all={all} />}
      </Section>
      <p><a href={plainAddress(workspace, id)}>{t("web/plain-page")}</a></p>
    </>
  );
}

// The same decision as a page that needs no script, with a ballot to fill in.
const plainAddress = (workspace: string, id: string): string => `${address.decision(workspace, id)}/page`;

function Electorate({ d, all }: { d: DecisionViewJson; all: People }) {
  const electors = d.electors ?? [];
  if (electors.length === 0) return <Empty>{t("web/no-electorate")}</Empty>;
  const columns = [t("web/who"), t("web/constituency"), t("web/standing"), t("web/ballot")];
  return (
    <>
      {d.charter?.secret && <p>{t("web/secret")}</p>}
      <Table caption={t("web/electorate-caption")} columns={columns}>
        {electors.map((e) => (
          <Row key={e.participant}>
            <Head>{named(all, e.participant)}</Head>
            <Cell of={columns[1]!}>{constituency(e.constituency)}</Cell>
            <Cell of={columns[2]!}>{label("standing", e.standing) ?? t("standing/none")}<Notes e={e} all={all} /></Cell>
            <Cell of={columns[3]!}>{given(d, e)}</Cell>
          </Row>
        ))}
      </Table>
    </>
  );
}

function Notes({ e, all }: { e: ElectorJson; all: People }) {
  const notes: string[] = [];
  if (Number(e.weight ?? 1) > 1) notes.push(t("web/weight", { n: Number(e.weight) }));
  if (e.recused) notes.push(t("web/recused"));
  if (e.proxy) notes.push(t(e.proxy.instructed ? "web/proxy-instructed" : "web/proxy", { who: named(all, e.proxy.to) }));
  else if (!e.present) notes.push(t("web/absent"));
  if (e.mandate) notes.push(t("web/mandate", { name: e.mandate }));
  return <>{notes.map((n) => <span key={n} class="note d-block">{n}</span>)}</>;
}

// given says the ballot, or the advice, of an elector.
function given(d: DecisionViewJson, e: ElectorJson): string {
  const advice = d.advice?.find((a) => a.participant === e.participant);
  if (advice) return t("web/advice-given", { choice: label("choice", advice.advice) ?? "" });
  const ballot = d.ballots?.find((b) => b.participant === e.participant);
  if (ballot) return label("choice", ballot.choice) ?? t("web/has-voted");
  return t("web/nothing-given");
}
