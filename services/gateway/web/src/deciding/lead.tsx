// What whoever facilitates does with a decision: open and close the vote, write down a show of hands, lead the rounds of consent, settle objections.
import { useId, useRef, useState } from "preact/hooks";
import type { BallotCastJson, RoundJson } from "../gen/tavolo/event/v1/decision_pb";
import { Act, Trouble, useDoing } from "../meeting/doing";
import { Field } from "../parts/form";
import { named } from "../parts/people";
import { type Key, list, t } from "../words";
import { awaited } from "./ballots";
import { type Desk, inRounds, of, votes } from "./desk";
import { objectionsOf, standing } from "./objections";
import { openingOf } from "./plan";
import { steps } from "./rounds";
import { choiceName } from "./voting";

export function Lead({ desk }: { desk: Desk }) {
  const { d } = desk;
  return (
    <div class="lead-it">
      {inRounds(d.charter?.rule) && <LeadRounds desk={desk} />}
      {d.phase === "DECISION_PHASE_POSED" && d.charter?.rule && <OpenVote desk={desk} />}
      {d.phase === "DECISION_PHASE_OPEN" && <><Late desk={desk} /><Hands desk={desk} /><CloseVote desk={desk} /></>}
    </div>
  );
}

function OpenVote({ desk }: { desk: Desk }) {
  const doing = useDoing(), [sure, setSure] = useState(false), [closes, setCloses] = useState(""), [wrong, setWrong] = useState(false), id = useId();
  const electors = openingOf(desk.d.plannedElectors ?? [], desk.seats), there = electors.filter((e) => votes(e) && (e.present || e.proxy));
  const open = () => {
    const at = closes ? new Date(closes) : undefined;
    const bad = at !== undefined && !(at.getTime() > Date.now());
    setWrong(bad);
    if (!bad) void (async () => {
      // Whoever votes from outside the room has a place in the minutes too.
      const away = electors.filter((e) => !desk.seats.some((s) => s.participant === e.participant)).map((e) => ({ participant: e.participant ?? "", absent: true }));
      if (away.length > 0 && !await doing.tell("SessionService/SeatParticipants", { workspace: desk.workspace, session: desk.session, seats: away })) return;
      await doing.tell("DecisionService/OpenVoting", { ...of(desk), electors, ...(at ? { closesAt: at.toISOString() } : {}) });
    })();
  };
  if (!sure) return <div class="acts"><Act look="main" onClick={() => setSure(true)}>{t("web/open-vote")}</Act></div>;
  return (
    <div class="sure" role="group" aria-labelledby={id}>
      <h5 id={id}>{t("web/open-sure")}</h5>
      <p>{t("web/open-freezes")} {t("web/open-there", { n: there.length, all: electors.filter(votes).length })}</p>
      <div class={`ask ${wrong ? "is-wrong" : ""}`}>
        <label for={`${id}-at`}>{t("web/open-closes")}</label>
        <p class="hint" id={`${id}-hint`}>{t("web/open-closes-hint")}</p>
        {wrong && <p class="wrong" id={`${id}-wrong`}>{t("web/open-closes-wrong")}</p>}
        <input id={`${id}-at`} type="datetime-local" class="form-control" value={closes} aria-invalid={wrong || undefined} aria-describedby={`${wrong ? `${id}-wrong ` : ""}${id}-hint`} onInput={(e) => setCloses(e.currentTarget.value)} />
      </div>
      <Trouble of={doing} all={desk.all} />
      <div class="acts"><Act look="main" busy={doing.busy} onClick={open}>{t("web/open-yes")}</Act><Act look="small" onClick={() => setSure(false)}>{t("web/not-yet")}</Act></div>
    </div>
  );
}

function CloseVote({ desk }: { desk: Desk }) {
  const doing = useDoing(), [sure, setSure] = useState(false), id = useId(), waiting = awaited(desk.d.electors ?? [], desk.d.ballots ?? []);
  if (!sure) return <div class="acts"><Act look={waiting.length === 0 ? "main" : "plain"} onClick={() => setSure(true)}>{t("web/close-vote")}</Act></div>;
  return (
    <div class="sure" role="group" aria-labelledby={id}>
      <h5 id={id}>{t("web/close-sure")}</h5>
      <p>{waiting.length === 0 ? t("web/close-all") : t("web/close-awaited", { n: waiting.length, who: list(waiting.map((e) => named(desk.all, e.participant))) })}</p>
      <Trouble of={doing} all={desk.all} />
      <div class="acts"><Act look="main" busy={doing.busy} onClick={() => void doing.tell("DecisionService/CloseVoting", of(desk))}>{t("web/close-yes")}</Act><Act look="small" onClick={() => setSure(false)}>{t("web/not-yet")}</Act></div>
    </div>
  );
}

// Late: somebody who came into the room when the vote was open already has no vote until whoever facilitates says so.
function Late({ desk }: { desk: Desk }) {
  const doing = useDoing(), here = new Set(desk.seats.filter((s) => s.present).map((s) => s.participant));
  const late = (desk.d.electors ?? []).filter((e) => votes(e) && !e.present && !e.proxy && here.has(e.participant));
  return (
    <>
      {late.map((e) => (
        <div key={e.participant} class="notice">
          <p>{t("web/late-what", { who: named(desk.all, e.participant) })}</p>
          <Act busy={doing.busy} onClick={() => void doing.tell("DecisionService/NotePresence", { ...of(desk), participant: e.participant ?? "", present: true })}>{t("web/late-counts")} <span class="visually-hidden">{named(desk.all, e.participant)}</span></Act>
        </div>
      ))}
      <Trouble of={doing} all={desk.all} />
    </>
  );
}

// Hands: for people without a device, the ballots that whoever facilitates saw or heard; each is marked with who wrote it down.
function Hands({ desk }: { desk: Desk }) {
  const [open, setOpen] = useState(false), [chosen, set] = useState<Record<string, string>>({}), [lacks, setLacks] = useState(false), doing = useDoing(), id = useId();
  const { d } = desk, voted = new Set((d.ballots ?? []).map((b) => b.participant)), first = useRef<HTMLFieldSetElement>(null);
  const away = (d.electors ?? []).filter((e) => votes(e) && !e.present && !e.proxy), consent = d.charter?.rule?.method === "METHOD_CONSENT";
  const can = (d.electors ?? []).filter((e) => votes(e) && (e.present || e.proxy)).sort((a, b) => Number(voted.has(a.participant)) - Number(voted.has(b.participant)));
  const choices = consent ? ["CHOICE_FOR", "CHOICE_AGAINST"] : ["CHOICE_FOR", "CHOICE_AGAINST", "CHOICE_ABSTAIN"];
  const record = async () => {
    const ballots: BallotCastJson[] = Object.entries(chosen).map(([participant, choice]) => ({ participant, choice: choice as "CHOICE_FOR", ...(desk.mine && desk.mine !== participant ? { enteredBy: desk.mine } : {}) }));
    setLacks(ballots.length === 0);
    if (ballots.length === 0) return first.current?.querySelector("input")?.focus();
    if (await doing.tell("DecisionService/CastBallots", { ...of(desk), ballots })) { set({}); setOpen(false); }
  };
  return (
    <>
      <div class="acts"><Act expanded={open} controls={id} onClick={() => setOpen(!open)}>{t("web/hands")}</Act></div>
      <div id={id} hidden={!open}>
        {open && (
          <form noValidate class="contribute" onSubmit={(e) => { e.preventDefault(); void record(); }}>
            <p>{t("web/hands-what")}</p>
            {lacks && <p class="wrong" role="alert">{t("web/hands-lacks")}</p>}
            {can.map((e, i) => (
              <fieldset key={e.participant} ref={i === 0 ? first : null} class="hands-of">
                <legend>{named(desk.all, e.participant)} {voted.has(e.participant) && <span class="note">{t("web/has-voted")}</span>}</legend>
                {choices.map((c) => (
                  <label key={c} class="choice"><input type="radio" name={`${id}-${e.participant}`} checked={chosen[e.participant ?? ""] === c} onChange={() => set({ ...chosen, [e.participant ?? ""]: c })} /> <span>{choiceName(desk, c)}</span></label>
                ))}
              </fieldset>
            ))}
            <Trouble of={doing} all={desk.all} />
            <div class="acts"><Act look="main" submit busy={doing.busy}>{t("web/hands-record")}</Act></div>
          </form>
        )}
        {open && away.length > 0 && (
          <>
            <h5 class="h6">{t("web/hands-away")}</h5>
            <ul class="lines">{away.map((e) => <li key={e.participant} class="seat"><span class="who">{named(desk.all, e.participant)}</span><Act busy={doing.busy} onClick={() => void doing.tell("DecisionService/NotePresence", { ...of(desk), participant: e.participant ?? "", present: true })}>{t("web/hands-came")} <span class="visually-hidden">{named(desk.all, e.participant)}</span></Act></li>)}</ul>
          </>
        )}
      </div>
    </>
  );
}

const goOn: Record<string, Key> = { ROUND_PRESENT: "web/go-present", ROUND_CLARIFY: "web/go-clarify", ROUND_REACT: "web/go-react", ROUND_AMEND: "web/go-amend" };

// LeadRounds goes from step to step. An objection is integrated by changing the text, taken back, or set aside by the group; then everyone is asked anew.
function LeadRounds({ desk }: { desk: Desk }) {
  const { d } = desk, doing = useDoing(), [form, setForm] = useState<{ kind: "amend" | "dismiss"; objector: string } | undefined>(undefined);
  const at = steps.findIndex(([round]) => round === d.round), open = d.phase === "DECISION_PHASE_OPEN", left = standing(d);
  // Before the vote the steps go one after the other; opening it is the first consent round. Once an objection is settled, everyone is asked anew.
  const next = open ? undefined : steps.slice(0, -1)[at + 1]?.[0], anew = open && left.length === 0 && (d.round === "ROUND_AMEND" || objectionsOf(d).length > 0);
  const begin = (round: Extract<RoundJson, string>) => void doing.tell("DecisionService/BeginRound", { ...of(desk), round });
  return (
    <>
      {left.map((o) => (
        <div key={o.by} class="objection">
          <p>{t("web/objection-what-now", { who: named(desk.all, o.by) })}</p>
          <div class="acts">
            <Act onClick={() => setForm({ kind: "amend", objector: o.by })}>{t("web/objection-integrate")}</Act>
            <Act onClick={() => void doing.tell("DecisionService/RecordAct", { ...of(desk), act: { kind: "ACT_KIND_OBJECTION_WITHDRAWN", by: desk.mine ?? "", objector: o.by } })}>{t("web/objection-withdraw")}</Act>
            <Act onClick={() => setForm({ kind: "dismiss", objector: o.by })}>{t("web/objection-dismiss")}</Act>
          </div>
        </div>
      ))}
      {form?.kind === "amend" && <Amend key={form.objector} desk={desk} objector={form.objector} done={() => setForm(undefined)} />}
      {form?.kind === "dismiss" && <Dismiss key={form.objector} desk={desk} objector={form.objector} done={() => setForm(undefined)} />}
      <Trouble of={doing} all={desk.all} />
      <div class="acts">
        {next && <Act look="main" busy={doing.busy} onClick={() => begin(next)}>{t(goOn[next]!)}</Act>}
        {anew && <Act look="main" busy={doing.busy} onClick={() => begin("ROUND_CONSENT")}>{t("web/go-consent-again")}</Act>}
        {!form && left.length === 0 && <Act onClick={() => setForm({ kind: "amend", objector: "" })}>{t("web/amend")}</Act>}
      </div>
      {open && (anew || form?.kind === "amend") && <p class="note d-block">{t("web/go-consent-again-what")}</p>}
    </>
  );
}

function Amend({ desk, objector, done }: { desk: Desk; objector: string; done: () => void }) {
  const now = desk.d.proposal || desk.d.question || "", [text, set] = useState(now), [lacks, setLacks] = useState<Key | undefined>(undefined), doing = useDoing();
  const save = async () => {
    // The same text once more would say of an objection that the text meets it, and nothing would have changed.
    const wrong = !text.trim() ? "web/amend-lacks" : text.trim() === now.trim() ? "web/amend-same" : undefined;
    setLacks(wrong);
    if (!wrong && await doing.tell("DecisionService/AmendProposal", { ...of(desk), text: { clear: text.trim() }, ...(objector ? { objector } : {}) })) done();
  };
  return (
    <form noValidate class="contribute" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <Field id={`amend-${desk.id}-${objector}`} lines={4} max={8000} label={objector ? t("web/amend-for", { who: named(desk.all, objector) }) : t("web/amend-text")} value={text} set={set} />
      {lacks && <p class="wrong" role="alert">{t(lacks)}</p>}
      <Trouble of={doing} all={desk.all} />
      <div class="acts"><Act look="main" submit busy={doing.busy}>{t("web/amend-save")}</Act><Act look="small" onClick={done}>{t("web/vote-leave")}</Act></div>
    </form>
  );
}

function Dismiss({ desk, objector, done }: { desk: Desk; objector: string; done: () => void }) {
  const [reason, set] = useState(""), [lacks, setLacks] = useState(false), doing = useDoing();
  const save = async () => {
    setLacks(!reason.trim());
    if (reason.trim() && await doing.tell("DecisionService/RecordAct", { ...of(desk), act: { kind: "ACT_KIND_OBJECTION_DISMISSED", byElectorate: true, objector, allowedByRule: true }, reason: { clear: reason.trim() } })) done();
  };
  return (
    <form noValidate class="contribute" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <p class="notice">{t("web/dismiss-what", { who: named(desk.all, objector) })}</p>
      <Field id={`dismiss-${desk.id}-${objector}`} lines={3} max={4000} label={t("web/dismiss-reason")} value={reason} set={set} />
      {lacks && <p class="wrong" role="alert">{t("web/lacks-reason")}</p>}
      <Trouble of={doing} all={desk.all} />
      <div class="acts"><Act look="main" submit busy={doing.busy}>{t("web/dismiss-save")}</Act><Act look="small" onClick={done}>{t("web/vote-leave")}</Act></div>
    </form>
  );
}
