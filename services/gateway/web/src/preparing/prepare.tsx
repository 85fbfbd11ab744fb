// Preparing a session together: anyone proposes, whoever facilitates admits or refuses with a reason, and the agenda is put in order. It works before the
// meeting and while it goes on.
import { useRef, useState } from "preact/hooks";
import { tell } from "../api";
import type { InitiativeViewJson, ItemViewJson, SessionViewJson } from "../gen/tavolo/api/v1/record_pb";
import { useLive } from "../live";
import { may, seat } from "../me";
import { announce } from "../parts/announce";
import { Button, Field, Form, type Problems, Refused, since, useSending } from "../parts/form";
import { type People, people } from "../parts/people";
import { Empty, Loading, Problem, Section } from "../parts/screen";
import { initiativeOf } from "../route";
import { t } from "../words";
import { Agenda } from "./agenda";
import { SessionForm } from "./create";
import { Fold } from "./fold";
import { About, Words, minutesWrong } from "./item";
import { idFrom } from "./naming";

// Table is what the parts of this chapter have in common.
export interface Table {
  workspace: string;
  initiative: string;
  // Full id.
  session: string;
  all: People;
  mine: string | undefined;
  takesPart: boolean;
  facilitates: boolean;
  // Ids on this session's agenda, in order.
  agenda: string[];
}

// Prepare is what a session shows of its preparation: for who only reads, nothing.
export function Prepare({ workspace, view }: { workspace: string; view: SessionViewJson }) {
  const session = view.session?.id ?? "", initiative = initiativeOf(session);
  const takesPart = may("GRANT_TAKE_PART", workspace, initiative), facilitates = may("GRANT_FACILITATE", workspace, initiative);
  if (!takesPart && !facilitates || view.session?.phase === "SESSION_PHASE_CLOSED") return null;
  return <Ours workspace={workspace} initiative={initiative} session={session} view={view} takesPart={takesPart} facilitates={facilitates} />;
}

function Ours({ view, workspace, initiative, ...rest }: Pick<Table, "workspace" | "initiative" | "session" | "takesPart" | "facilitates"> & { view: SessionViewJson }) {
  const asked = useLive("InitiativeService/GetInitiative", { workspace, initiative }, workspace, `initiative:${initiative}`);
  const all = people([...asked.data?.participants ?? [], ...view.seats ?? []]);
  const table: Table = { workspace, initiative, ...rest, all, mine: seat(workspace, initiative), agenda: (view.items ?? []).map((i) => i.id ?? "") };
  return (
    <Section id="prepare" title={t("web/prepare")}>
      {rest.facilitates && (
        <Fold id="session-change" label={t("web/session-change")}>
          {(close) => <SessionForm workspace={workspace} initiative={initiative} session={view.session} cancel={close} />}
        </Fold>
      )}
      <Agenda table={table} view={view} />
      {asked.problem ? <Problem asked={asked} /> : asked.data ? <Proposals table={table} view={asked.data} /> : <Loading />}
      <h3>{t("web/propose")}</h3>
      <Propose table={table} taken={(asked.data?.items ?? []).map((i) => i.id ?? "")} />
    </Section>
  );
}

// Proposals are the items that are not on this agenda: waiting, admitted, or refused with the reason.
function Proposals({ table, view }: { table: Table; view: InitiativeViewJson }) {
  // What was decided already, in another meeting, waits for nothing.
  const off = (view.items ?? []).filter((i) => !table.agenda.includes(i.id ?? "") && !view.decisions?.some((d) => d.item === i.id));
  const waiting = off.filter((i) => i.phase === "ITEM_PHASE_PROPOSED"), admitted = off.filter((i) => i.phase === "ITEM_PHASE_ADMITTED"), refused = off.filter((i) => i.phase === "ITEM_PHASE_REFUSED");
  return (
    <>
      <h3 id="waiting">{t("web/items-waiting")}</h3>
      {waiting.length === 0 ? <Empty>{t("web/items-waiting-none")}</Empty> : (
        <ul class="items">{waiting.map((i) => <li key={i.id} class="block"><About item={i} table={table}>{table.facilitates && <Judge item={i} table={table} />}</About></li>)}</ul>
      )}
      {table.facilitates && admitted.length > 0 && (
        <>
          <h3>{t("web/items-admitted")}</h3>
          <ul class="items">{admitted.map((i) => <li key={i.id} class="block"><About item={i} table={table}><Add item={i} table={table} /></About></li>)}</ul>
        </>
      )}
      {refused.length > 0 && (
        <details class="more">
          <summary>{t("web/items-refused", { n: refused.length })}</summary>
          <ul class="items">{refused.map((i) => <li key={i.id} class="block"><About item={i} table={table}>{table.facilitates && <Judge item={i} table={table} refused />}</About></li>)}</ul>
        </details>
      )}
    </>
  );
}

// Judge admits an item, onto this agenda too, or refuses it. Either way it says why, and everybody can read that.
function Judge({ item, table, refused = false }: { item: ItemViewJson; table: Table; refused?: boolean }) {
  const of = { workspace: table.workspace, item: item.id ?? "" }, title = item.title ?? "";
  const admit = async (reason: string) => {
    await tell("ItemService/AdmitItem", { ...of, reason: { clear: reason } });
    await tell("SessionService/SetAgenda", { workspace: table.workspace, session: table.session, items: [...table.agenda, of.item] });
    announce({ key: "web/admitted", with: { title } });
  };
  const refuse = async (reason: string) => {
    await tell("ItemService/RefuseItem", { ...of, reason: { clear: reason } });
    announce({ key: "web/refused", with: { title } });
  };
  return (
    <>
      <Fold id={`admit-${item.id}`} label={t("web/admit")} name={t("web/admit-of", { title })}>
        {(close) => <Reason id={`admit-why-${item.id}`} action={t("web/admit-send")} send={admit} cancel={close} />}
      </Fold>
      {!refused && (
        <Fold id={`refuse-${item.id}`} look="away" label={t("web/refuse")} name={t("web/refuse-of", { title })}>
          {(close) => <Reason id={`refuse-why-${item.id}`} action={t("web/refuse-send")} send={refuse} cancel={close} />}
        </Fold>
      )}
    </>
  );
}

function Reason({ id, action, send, cancel }: { id: string; action: string; send: (reason: string) => Promise<unknown>; cancel: () => void }) {
  const [reason, set] = useState("");
  return (
    <Form action={action} label={action} cancel={cancel} check={(): Problems => reason.trim() ? {} : { [id]: { key: "web/reason-missing" } }} send={() => send(reason.trim())}>
      <Field id={id} label={t("web/reason")} hint={t("web/reason-hint")} value={reason} set={set} lines={2} max={2000} />
    </Form>
  );
}

function Add({ item, table }: { item: ItemViewJson; table: Table }) {
  const sending = useSending();
  const add = () => void sending.send(async () => {
    await tell("SessionService/SetAgenda", { workspace: table.workspace, session: table.session, items: [...table.agenda, item.id ?? ""] });
    announce({ key: "web/added", with: { title: item.title ?? "" } });
  });
  return <><Button look="plain" busy={sending.busy} name={t("web/add-of", { title: item.title ?? "" })} onClick={add}>{t("web/add")}</Button><Refused sending={sending} /></>;
}

// Propose is the form by which anyone proposes an item, under their own seat; whoever facilitates without one proposes for nobody in particular.
export function Propose({ table, taken }: { table: Pick<Table, "workspace" | "initiative" | "mine">; taken: string[] }) {
  const [title, setTitle] = useState(""), [minutes, setMinutes] = useState(""), kept = useRef({ title: "", item: "" });
  const send = async () => {
    const words = title.trim();
    if (kept.current.title !== words) kept.current = { title: words, item: `${table.initiative}:${idFrom(words, taken.map((id) => id.slice(table.initiative.length + 1)), "punto")}` };
    await tell("ItemService/ProposeItem", {
      workspace: table.workspace, item: kept.current.item, title: { clear: words }, minutes: Number(minutes) || 0, ...table.mine && { proposedBy: table.mine },
    });
    kept.current = { title: "", item: "" };
    setTitle((now) => since(title, now));
    setMinutes((now) => now === minutes ? "" : now);
    announce({ key: "web/proposed", with: { title: words } });
  };
  const check = (): Problems => ({ ...!title.trim() && { "propose-title": { key: "web/item-missing" } as const }, ...minutesWrong("propose-minutes", minutes) });
  return (
    <Form action={t("web/propose-send")} label={t("web/propose")} check={check} send={send} goesOn>
      <Words id="propose" title={title} setTitle={setTitle} minutes={minutes} setMinutes={setMinutes} />
    </Form>
  );
}
