// What was said to an item, in order, with what hangs on what: answers, amendments, what was taken up, and the advice that still waits for an answer.
import { useState } from "preact/hooks";
import { ask } from "../api";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Button, Refused, useSending } from "../parts/form";
import { type People, named } from "../parts/people";
import { Empty } from "../parts/screen";
import { constituency, duration, label, t } from "../words";
import { Contribute } from "./contribute";
import { type Writing, draftKey, kept } from "./draft";
import { wordsLeft } from "./floor";
import type { Here } from "./here";
import { type Said, amendedBy, numbered, replied, repliesTo, unanswered } from "./said";
import { Unsent } from "./unsent";

export function Contributions({ here, item, write = false }: { here: Here; item: ItemViewJson; write?: boolean }) {
  const said = item.contributions ?? [], waiting = unanswered(said).length, writes = here.open && (here.takesPart && here.present || here.writes);
  return (
    <>
      {(item.earlierContributions ?? 0) > 0 && <p class="note d-block">{t("web/said-earlier", { n: item.earlierContributions ?? 0 })}</p>}
      {waiting > 0 && <p class="notice">{t("web/room-unanswered-n", { n: waiting })}</p>}
      {said.length === 0 ? <Empty>{t("web/nothing-said")}</Empty> : (
        <ol class="said">{said.map((c) => <Contribution key={c.number} here={here} item={item} c={c} said={said} writes={writes} />)}</ol>
      )}
      <Unsent all={here.all} about={`item:${item.id}`} />
      {write && writes && <NewOne key={item.id} here={here} item={item} />}
    </>
  );
}

function NewOne({ here, item }: { here: Here; item: ItemViewJson }) {
  const [open, setOpen] = useState(kept(draftKey(here, item, "new")) !== undefined);
  return (
    <div class="new-one">
      <Button look="plain" expanded={open} onClick={() => setOpen(!open)}>{t("web/room-write")}</Button>
      <div id="new-one" hidden={!open}>{open && <Contribute here={here} item={item} what="new" done={() => setOpen(false)} />}</div>
    </div>
  );
}

const writings: Writing[] = ["answer", "amend", "take", "word"];

function Contribution({ here, item, c, said, writes }: { here: Here; item: ItemViewJson; c: Said; said: Said[]; writes: boolean }) {
  const sits = here.all.get(c.by ?? "")?.constituency, id = (n: number | undefined) => `c-${item.id}-${n}`;
  const [form, setForm] = useState<Writing | undefined>(() => writes ? writings.find((f) => kept(draftKey(here, item, f, c)) !== undefined) : undefined);
  const later = amendedBy(said, c);
  return (
    <li id={id(c.number)} tabIndex={-1} class={later ? "replaced" : undefined}>
      <p class="said-by">
        <span class="who">{named(here.all, c.by)}</span>
        {sits && <span class="note">{constituency(sits)}</span>}
        <span class="kind-of">{label("kind", c.kind)}</span>
        {(c.seconds ?? 0) > 0 && <span class="note nowrap">{duration(c.seconds ?? 0)}</span>}
      </p>
      <Links c={c} said={said} all={here.all} go={(n) => jump(id(n))} />
      {c.text ? <p class="text">{c.text}</p> : c.textLeftOut ? <LeftOut here={here} item={item} c={c} /> : <p class="note">{t((c.seconds ?? 0) > 0 ? "web/room-no-words" : "web/text-gone")}</p>}
      {(c.text || c.textLeftOut) && c.enteredBy && c.enteredBy !== c.by && <p class="note">{t("web/entered-by", { who: named(here.all, c.enteredBy) })}</p>}
      <Standing c={c} said={said} later={later} go={(n) => jump(id(n))} />
      {writes && <Possible here={here} item={item} c={c} form={form} later={later !== undefined} open={setForm} />}
      {writes && form && <Contribute key={form} here={here} item={item} what={form} c={c} done={() => { setForm(undefined); jump(id(c.number)); }} />}
    </li>
  );
}

// LeftOut stands for words that are there and that a very long session does not show by themselves.
function LeftOut({ here, item, c }: { here: Here; item: ItemViewJson; c: Said }) {
  const [text, set] = useState(""), sending = useSending();
  const read = () => void sending.send(async () => {
    const page = await ask("ItemService/ListContributions", { workspace: here.workspace, item: item.id ?? "", session: here.session, from: c.number ?? 0, most: 1 });
    set(page.contributions?.[0]?.text ?? "");
  });
  if (text) return <p class="text">{text}</p>;
  return (
    <>
      <p class="note">{t("web/text-left-out")} <Button look="small" onClick={read}>{t("web/text-read")}<Number c={c} /></Button></p>
      <Refused sending={sending} />
    </>
  );
}

// Links says what a contribution answers, replaces or takes up.
function Links({ c, said, all, go }: { c: Said; said: Said[]; all: People; go: (n: number | undefined) => void }) {
  const answered = numbered(said, c.answers), amended = numbered(said, c.amends), taken = numbered(said, c.takesUp);
  const of = (o: Said) => ({ n: String(o.number ?? 0), who: named(all, o.by) }), reply = label("reply", c.reply);
  return (
    <>
      {answered && <p class="answers"><Jump to={answered} go={go}>{t("web/answers", of(answered))}</Jump>{reply && <>{" "}<strong>{reply}</strong></>}</p>}
      {amended && <p class="answers"><Jump to={amended} go={go}>{t("web/room-amends", of(amended))}</Jump></p>}
      {taken && <p class="answers"><Jump to={taken} go={go}>{t("web/room-takes", of(taken))}</Jump></p>}
    </>
  );
}

function Jump({ to, go, children }: { to: Said; go: (n: number | undefined) => void; children: string }) {
  return <button type="button" class="jump" onClick={() => go(to.number)}>{children}</button>;
}

// jump moves the focus to a contribution, so that the eyes and a screen reader find it alike. No address changes.
function jump(id: string): void {
  const element = document.getElementById(id);
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "center" });
}

// Standing says how a contribution was met: answered, still waiting, or replaced by a later one.
function Standing({ c, said, later, go }: { c: Said; said: Said[]; later: Said | undefined; go: (n: number | undefined) => void }) {
  const answer = repliesTo(said, c).filter(replied).at(-1);
  return (
    <>
      {answer && <p class="answers"><strong class="state over">{label("reply", answer.reply)}</strong>{" "}<Jump to={answer} go={go}>{t("web/room-answer-is", { n: String(answer.number ?? 0) })}</Jump></p>}
      {!answer && c.kind === "CONTRIBUTION_KIND_ADVICE" && <p class="answers"><strong class="state waits">{t("web/room-unanswered")}</strong></p>}
      {later && <p class="answers"><Jump to={later} go={go}>{t("web/room-amended-by", { n: String(later.number ?? 0) })}</Jump></p>}
    </>
  );
}

// Possible are the buttons of a contribution. Advice that was only spoken can be answered as well: it waits for an answer like any other.
function Possible({ here, item, c, form, later, open }: { here: Here; item: ItemViewJson; c: Said; form: Writing | undefined; later: boolean; open: (form: Writing | undefined) => void }) {
  const proposal = c.kind === "CONTRIBUTION_KIND_PROPOSAL", own = c.by === here.mine;
  const turn = (f: Writing) => open(form === f ? undefined : f);
  const words = Boolean(c.text) || c.textLeftOut === true, left = !words && (own || here.writes) && wordsLeft(here, item, c.by ?? "") !== "";
  return (
    <div class="acts">
      {!words && (own || here.writes) && <Button look={left ? "plain" : "small"} expanded={form === "word"} onClick={() => turn("word")}>{t("web/room-add-words")}<Number c={c} /></Button>}
      {(words || c.kind === "CONTRIBUTION_KIND_ADVICE") && <Button look="small" expanded={form === "answer"} onClick={() => turn("answer")}>{t("web/room-answer")}<Number c={c} /></Button>}
      {words && proposal && !later && <Button look="small" expanded={form === "amend"} onClick={() => turn("amend")}>{t("web/room-amend")}<Number c={c} /></Button>}
      {words && !proposal && !c.answers && <Button look="small" expanded={form === "take"} onClick={() => turn("take")}>{t("web/room-take")}<Number c={c} /></Button>}
    </div>
  );
}

function Number({ c }: { c: Said }) {
  return <span class="visually-hidden"> {t("web/room-number", { n: String(c.number ?? 0) })}</span>;
}
