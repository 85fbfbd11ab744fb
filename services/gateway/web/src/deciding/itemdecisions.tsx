// The decisions on an agenda item, as they stand on the screen of the session: each card says where the decision is and what the person here can do about
// it. What few need at once, such as writing the charter, comes when it is opened (later.tsx).
import { useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { DecisionViewJson, ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Act } from "../meeting/doing";
import { may } from "../me";
import { Phase } from "../parts/badges";
import { named } from "../parts/people";
import { A } from "../parts/screen";
import { address, initiativeOf } from "../route";
import { list, t } from "../words";
import { awaited } from "./ballots";
import { type Desk, deskOf, planned } from "./desk";
import { After, Closed, Lead, Objections, Power, Proposal, Rounds, Rule, Wizard } from "./later";
import { Unsent, Voting } from "./voting";

// ItemDecisions shows every decision of the item in this session, with what the person here can do about it.
export function ItemDecisions({ workspace, view, item }: { workspace: string; view: SessionViewJson; item: ItemViewJson }) {
  const [writing, setWriting] = useState<string | undefined>(undefined); // the one in the guide, which shows it whole
  const decisions = (item.decisions ?? []).filter((d) => d.phase !== "DECISION_PHASE_STRUCK");
  return (
    <>
      {decisions.filter((d) => d.id !== writing).map((d) => <DecisionCard key={d.id} workspace={workspace} view={view} d={d} />)}
      {view.session?.phase === "SESSION_PHASE_OPEN" && may("GRANT_FACILITATE", workspace, initiativeOf(item.id ?? "")) && <NewDecision workspace={workspace} view={view} item={item} posing={setWriting} decisions={decisions.filter((d) => d.id !== writing)} />}
    </>
  );
}

// NewDecision: an item may have several decisions, one after the other. While one is voted on no other is offered, so that nobody votes on the
// wrong one. The record would take it: two texts may be put to the vote side by side where minutes were written elsewhere.
function NewDecision({ workspace, view, item, posing, decisions }: { workspace: string; view: SessionViewJson; item: ItemViewJson; posing: (decision: string | undefined) => void; decisions: DecisionViewJson[] }) {
  const [open, setOpen] = useState(false);
  if (!open && decisions.some((d) => d.phase === "DECISION_PHASE_OPEN")) return <p class="note d-block">{t("web/decide-after")}</p>;
  return open
    ? <Wizard workspace={workspace} session={view.session?.id ?? ""} item={item.id ?? ""} seats={view.seats ?? []} said={item.contributions ?? []} posing={posing} close={() => { setOpen(false); posing(undefined); }} />
    : <div class="acts new-one"><Act onClick={() => setOpen(true)}>{t(decisions.length > 0 ? "web/decide-another" : "web/decide-new")}</Act></div>;
}

// A decision can be about people who are not in the session: who gave a proxy and is away, or is enrolled and absent. Their names are the initiative's.
function DecisionCard({ workspace, view, d }: { workspace: string; view: SessionViewJson; d: DecisionViewJson }) {
  const seated = new Set((view.seats ?? []).map((s) => s.participant)), initiative = initiativeOf(d.id ?? "");
  const strangers = [...d.electors ?? [], ...d.plannedElectors ?? []].some((e) => !seated.has(e.participant));
  const asked = useAsked(strangers ? initiative : "", (signal) => strangers ? ask("InitiativeService/GetInitiative", { workspace, initiative }, signal) : Promise.resolve(undefined));
  const desk = deskOf(workspace, d, view.seats ?? [], asked.data?.participants ?? [], view.sequence ?? d.sequence ?? "0");
  return (
    <section class="decided" aria-labelledby={`d-${d.id}`}>
      <p class="kind">{t("web/decision")} <Phase phase={d.phase} /></p>
      <h4 id={`d-${d.id}`}><A href={address.decision(desk.workspace, d.id ?? "")}>{d.question || d.id}</A></h4>
      <Standing desk={desk} />
    </section>
  );
}

// Standing is everything about a decision where it stands now; the card of the session and the page of the decision show the same, but the page has rule and
// acts in sections of their own.
export function Standing({ desk, page = false }: { desk: Desk; page?: boolean }) {
  const { d } = desk;
  return (
    <>
      {d.contested && <p class="notice">{t("web/contested")}{d.contestedBy && ` ${t("web/contest-by", { who: named(desk.all, d.contestedBy) })}`}{d.contest && <q class="text d-block">{d.contest}</q>}</p>}
      {(d.disputes ?? []).map((x) => <p key={x.at} class="note d-block">{t("web/was-contested", { who: named(desk.all, x.by) })} {x.text && <q class="text">{x.text}</q>} {t("web/was-settled")} {x.how && <q class="text">{x.how}</q>}</p>)}
      <Proposal desk={desk} />
      {d.phase !== "DECISION_PHASE_OPEN" && <Unsent desk={desk} />}
      {d.phase === "DECISION_PHASE_POSED" && <Posed desk={desk} page={page} />}
      {d.phase === "DECISION_PHASE_OPEN" && <Open desk={desk} page={page} />}
      {d.phase === "DECISION_PHASE_CLOSED" && <><Closed desk={desk} />{!page && (desk.takesPart || desk.facilitates) && <After desk={desk} />}</>}
    </>
  );
}

// Posed: everyone reads the charter while it is being written.
function Posed({ desk, page }: { desk: Desk; page: boolean }) {
  const d = planned(desk.d), [changing, setChanging] = useState(false);
  if (changing) return <Wizard workspace={desk.workspace} session={desk.session} item={d.item ?? ""} seats={desk.seats} said={[]} posed={desk.d} close={() => setChanging(false)} />;
  return (
    <>
      <p>{t(d.charter?.rule ? "web/posed-what" : "web/posed-no-rule")}</p>
      <Rounds desk={desk} />
      {desk.facilitates && (
        <>
          <div class="acts"><Act onClick={() => setChanging(true)}>{t(d.charter?.rule ? "web/charter-change" : "web/charter-write")}</Act></div>
          <Lead desk={desk} />
        </>
      )}
      {d.charter?.rule && (
        <>
          {!page && <Rule desk={desk} />}
          <Power desk={desk} />
        </>
      )}
    </>
  );
}

function Open({ desk, page }: { desk: Desk; page: boolean }) {
  const { d } = desk, waiting = awaited(d.electors ?? [], d.ballots ?? []), voted = (d.ballots ?? []).length, asked = (d.electors ?? []).filter((e) => e.standing === "STANDING_CONSULTED").length;
  return (
    <>
      <Rounds desk={desk} />
      <Voting desk={desk} />
      <p class="tally" role="status">{t("web/voted-of", { n: voted, all: voted + waiting.length })}{asked > 0 && ` ${t("web/advised-of", { n: (d.advice ?? []).length, all: asked })}`}</p>
      {desk.facilitates && waiting.length > 0 && <p class="note d-block">{t("web/awaited", { who: list(waiting.map((e) => named(desk.all, e.participant))) })}</p>}
      <Objections desk={desk} />
      {page ? <p class="note d-block">{t("web/frozen")}</p> : <RuleBehind desk={desk} />}
      {desk.facilitates && <Lead desk={desk} />}
    </>
  );
}

// RuleBehind is the charter, behind a line to open.
function RuleBehind({ desk }: { desk: Desk }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t("web/rule-of-this")}</summary>
      <p class="note d-block">{t("web/frozen")}</p>
      {open && <Rule desk={desk} />}
    </details>
  );
}
