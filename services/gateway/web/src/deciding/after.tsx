// After the vote: what became of the decision, told by those who carry it out or facilitate, and minutes that somebody contests.
import { useId, useState } from "preact/hooks";
import type { ActKindJson } from "../gen/tavolo/event/v1/decision_pb";
import { Act, Trouble, useDoing } from "../meeting/doing";
import { Acts } from "../parts/acts";
import { Choice, Field, Form, Select } from "../parts/form";
import { type Key, t } from "../words";
import { type Desk, of } from "./desk";
import { someone } from "./someone";
import { followUpOf, followUpName } from "./followups";

// Objections are told above, each with what became of it; why the group set one aside stands here.
const told = ["ACT_KIND_OBJECTION_RAISED", "ACT_KIND_OBJECTION_INTEGRATED", "ACT_KIND_OBJECTION_WITHDRAWN"];

export function After({ desk }: { desk: Desk }) {
  const { d } = desk, implements_ = desk.takesPart && d.charter?.implementer === desk.mine || desk.takesPart && (d.acts ?? []).some((a) => a.act?.kind === "ACT_KIND_IMPLEMENTATION_DUE" && a.act.owner === desk.mine);
  const state = followUpOf(d, new Date().toISOString()), acts = (d.acts ?? []).filter((a) => !told.includes(String(a.act?.kind)));
  return (
    <div class="after">
      {state && <p>{t("web/follow-up")} <span class={`state follow ${state}`}>{t(followUpName[state])}</span></p>}
      {acts.length > 0 && <Acts d={{ ...d, acts }} all={desk.all} />}
      {(desk.facilitates || implements_ && state) && <Tell desk={desk} />}
      <Contest desk={desk} />
    </div>
  );
}

type Kind = Extract<ActKindJson, string>;
const byImplementer: [Kind, Key][] = [["ACT_KIND_IMPLEMENTED", "web/act-implemented"], ["ACT_KIND_IMPLEMENTATION_EXPLAINED", "web/act-explained"]];
const byFacilitator: [Kind, Key][] = [
  ["ACT_KIND_IMPLEMENTATION_DUE", "web/act-due-by"], ...byImplementer, ["ACT_KIND_IMPLEMENTATION_REFUSED", "web/act-refused"], ["ACT_KIND_FINAL_ACT", "web/act-final"], ["ACT_KIND_REVERSED", "web/act-reversed"],
];
const needsReason: Kind[] = ["ACT_KIND_IMPLEMENTATION_EXPLAINED", "ACT_KIND_IMPLEMENTATION_REFUSED", "ACT_KIND_REVERSED"];

// Tell records what became of a decision. Whoever carries it out says what is done or why it is late; the rest is for who facilitates.
function Tell({ desk }: { desk: Desk }) {
  const [open, setOpen] = useState(false), id = useId();
  return (
    <>
      <div class="acts"><Act expanded={open} controls={id} onClick={() => setOpen(!open)}>{t("web/tell")}</Act></div>
      <div id={id} hidden={!open}>{open && <TellForm desk={desk} done={() => setOpen(false)} />}</div>
    </>
  );
}

function TellForm({ desk, done }: { desk: Desk; done: () => void }) {
  const [kind, setKind] = useState<Kind | undefined>(undefined), [reason, setReason] = useState(""), [who, setWho] = useState(desk.d.charter?.implementer ?? ""), [due, setDue] = useState(desk.d.charter?.due ?? ""), [same, setSame] = useState<string | undefined>(undefined);
  const doing = useDoing(), roll = [...desk.all.values()], key = desk.id.split(":").at(-1);
  const ids = { kind: `act-kind-${key}`, who: `act-who-${key}`, due: `act-due-${key}`, same: `act-same-${key}`, reason: `act-reason-${key}` };
  const kinds = desk.facilitates ? byFacilitator : byImplementer;
  const check = () => {
    if (!kind) return { [ids.kind]: { key: "web/lacks-act" as Key } };
    if (kind === "ACT_KIND_IMPLEMENTATION_DUE" && !due) return { [ids.due]: { key: "web/lacks-due" as Key } };
    if ((kind === "ACT_KIND_REVERSED") && !who) return { [ids.who]: { key: "web/lacks-who" as Key } };
    if (kind === "ACT_KIND_FINAL_ACT" && !same) return { [ids.same]: { key: "web/lacks-same" as Key } };
    if (needsReason.includes(kind) && !reason.trim()) return { [ids.reason]: { key: "web/lacks-reason" as Key } };
    return {};
  };
  const save = async () => {
    if (!kind) return;
    const by = kind === "ACT_KIND_IMPLEMENTATION_DUE" || who === electorate ? {} : desk.facilitates && who ? { by: who } : desk.mine ? { by: desk.mine } : {};
    const act = {
      kind, ...by, ...(kind === "ACT_KIND_IMPLEMENTATION_DUE" ? { due, ...(who ? { owner: who } : {}) } : {}),
      ...(kind === "ACT_KIND_FINAL_ACT" && same === "same" ? { sameAsOutcome: true } : {}), ...(kind === "ACT_KIND_REVERSED" && who === electorate ? { byElectorate: true } : {}),
    };
    if (await doing.tell("DecisionService/RecordAct", { ...of(desk), act, ...(reason.trim() ? { reason: { clear: reason.trim() } } : {}) })) done();
  };
  return (
    <Form check={check} send={save} action={t("web/tell-save")} cancel={done} label={t("web/tell")}>
      <Choice id={ids.kind} label={t("web/tell-what")} value={kind} set={(k) => setKind(k as Kind)} options={kinds.map(([value, label]) => ({ value, label: t(label) }))} />
      {kind && desk.facilitates && <Select id={ids.who} label={t(kind === "ACT_KIND_IMPLEMENTATION_DUE" ? "web/plan-implementer" : "web/tell-who")} value={who} set={setWho} options={kind === "ACT_KIND_REVERSED" ? [...someone(roll, "web/room-choose"), { value: electorate, label: t("web/same-electorate") }] : someone(roll, "web/not-fixed")} />}
      {kind === "ACT_KIND_IMPLEMENTATION_DUE" && <Field id={ids.due} type="date" label={t("web/plan-due")} value={due} set={setDue} />}
      {kind === "ACT_KIND_FINAL_ACT" && <Choice id={ids.same} label={t("web/tell-same")} value={same} set={setSame} options={[{ value: "same", label: t("web/act-same") }, { value: "other", label: t("web/act-other") }]} />}
      {kind && <Field id={ids.reason} lines={3} max={4000} label={t(needsReason.includes(kind) ? "web/tell-reason" : "web/tell-reason-may")} value={reason} set={setReason} />}
      <Trouble of={doing} all={desk.all} />
    </Form>
  );
}

const electorate = "electorate";

// Contest: a member says that the minutes of a decision are wrong; until it is settled no role follows from them.
export function Contest({ desk }: { desk: Desk }) {
  const { d } = desk, [open, setOpen] = useState(false), [text, set] = useState(""), doing = useDoing(), id = `contest-${desk.id.split(":").at(-1)}`;
  const settles = d.contested && desk.facilitates, contests = !d.contested && desk.takesPart;
  if (!settles && !contests) return null;
  const save = async () => {
    const words = { ...of(desk), by: desk.mine ?? "", text: { clear: text.trim() } };
    if (await doing.tell(settles ? "DecisionService/SettleDispute" : "DecisionService/ContestMinutes", words)) { set(""); setOpen(false); }
  };
  return (
    <>
      <div class="acts"><Act look={settles ? "plain" : "small"} expanded={open} controls={`${id}-part`} onClick={() => setOpen(!open)}>{t(settles ? "web/settle" : "web/contest-minutes")}</Act></div>
      <div id={`${id}-part`} hidden={!open}>
        {open && (
          <Form check={() => text.trim() ? {} : { [id]: { key: settles ? "web/lacks-settled" : "web/lacks-wrong" } }} send={save} action={t(settles ? "web/settle-save" : "web/contest-save")} cancel={() => setOpen(false)} label={t(settles ? "web/settle" : "web/contest-minutes")}>
            <Field id={id} lines={3} max={4000} label={t(settles ? "web/settle-how" : "web/contest-what")} hint={t(settles ? "web/settle-hint" : "web/contest-hint")} value={text} set={set} />
            <Trouble of={doing} all={desk.all} />
          </Form>
        )}
      </div>
    </>
  );
}
