// Writing the charter, step by step: question, rule, people, what is said beforehand. Each step is saved when it is left, so that everyone reads the charter
// as it is being written; opening the vote is a step of its own (lead.tsx). Whatever is typed is kept in the tab until it is saved.
import { useEffect, useRef } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { ContributionViewJson, DecisionViewJson, ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type { RuleJson } from "../gen/tavolo/event/v1/decision_pb";
import { Act, Trouble, useDoing } from "../meeting/doing";
import { useDraft } from "../meeting/draft";
import { Choice, Field, Form, type Problems, Select } from "../parts/form";
import { people } from "../parts/people";
import { initiativeOf } from "../route";
import { uuid } from "../uuid";
import { type Key, constituency, t } from "../words";
import { votes } from "./desk";
import { People } from "./wizardpeople";
import { type Lack, type Plan, choices, charterOf, electorsOf, firstPlan, hasBase, hasQuorum, hasSides, hasTie, lackOf, planOf, ratifierOf, ruleOf, sidesOf, withRule } from "./plan";
import { PowerPanel } from "./power";
import { someone } from "./someone";
import { ruleNames, ruleWhats } from "./rulenames";

export interface WizardProps {
  workspace: string;
  // Full ids.
  session: string;
  item: string;
  seats: ParticipantViewJson[];
  // What was said on the item: proposals, of which the text to be decided can be taken.
  said: ContributionViewJson[];
  // The decision, when it is there already.
  posed?: DecisionViewJson;
  // Told the full id of a new decision, as soon as it has one.
  posing?: (decision: string) => void;
  close: () => void;
}

const steps = ["question", "rule", "people", "rest"] as const;
type Step = typeof steps[number];
const titles: Record<Step, Key> = { question: "web/step-question", rule: "web/step-rule", people: "web/step-people", rest: "web/step-rest" };

interface Draft { decision: string; question: string; text: string; takesUp: number; plan: Plan; step: Step }

export function Wizard(props: WizardProps) {
  const { workspace, session, item, seats, posed, close } = props, initiative = initiativeOf(session);
  const asked = useAsked(`${initiative} enrolled`, (signal) => ask("InitiativeService/GetInitiative", { workspace, initiative }, signal));
  const roll = rollOf(seats, asked.data?.participants ?? []), all = people(roll), doing = useDoing();
  const [draft, change, clear] = useDraft<Draft>(`charter:${posed?.id ?? `${session}:${item}`}`, {
    decision: posed?.id ?? "", question: posed?.question ?? "", text: posed?.proposal ?? "", takesUp: 0, plan: posed ? planOf(posed, seats) : firstPlan, step: posed ? "rule" : "question",
  });
  const plan = draft.plan, electors = electorsOf(plan, roll), rule = ruleOf(plan, electors), lack = lackOf(plan, electors);
  const setPlan = (by: Partial<Plan>) => change({ plan: { ...plan, ...by } });
  const heading = useRef<HTMLHeadingElement>(null), at = steps.indexOf(draft.step);
  useEffect(() => heading.current?.focus(), [draft.step]);
  useEffect(() => { if (draft.decision) props.posing?.(draft.decision); }, [draft.decision]);

  // save sends what a step says. The id is chosen once, so that a second try is the same decision.
  const save = async (to: Step | "done"): Promise<void> => {
    const decision = draft.decision || `${session}:d-${uuid().slice(-8)}`, of = { workspace, decision };
    if (!draft.decision) change({ decision });
    let ok = true;
    if (draft.step === "question") {
      ok = posed !== undefined || await doing.tell("DecisionService/PoseDecision", { ...of, item, question: { clear: draft.question.trim() } });
      const text = draft.text.trim();
      if (ok && text && text !== posed?.proposal) ok = await doing.tell("DecisionService/AmendProposal", { ...of, text: { clear: text }, ...(draft.takesUp ? { takesUp: draft.takesUp } : {}) });
    } else {
      ok = await doing.tell("DecisionService/WriteCharter", { ...of, charter: charterOf(plan, electors), electors, ...ratifierOf(plan) });
    }
    if (!ok) return;
    if (to === "done") { clear(); close(); } else change({ decision, step: to });
  };
  const next = steps[at + 1] ?? "done";
  return (
    <section class="wizard" aria-labelledby="wizard-title">
      <p class="kind">{t("web/wizard")}</p>
      <ol class="stepper">
        {steps.map((s, i) => <li key={s} aria-current={s === draft.step ? "step" : undefined}>{t(titles[s])}{i < at && <span class="visually-hidden"> {t("web/step-done")}</span>}</li>)}
      </ol>
      <h4 id="wizard-title" ref={heading} tabIndex={-1}>{t("web/step-of", { n: at + 1, all: steps.length, what: t(titles[draft.step]) })}</h4>
      <Form key={draft.step} check={() => check(draft.step, draft, lack)} send={() => save(next)} action={t(next === "done" ? "web/wizard-save" : "web/wizard-next")} cancel={close}>
        {draft.step === "question" && <Question draft={draft} change={change} said={props.said} posed={posed !== undefined} />}
        {draft.step === "rule" && (
          <>
            <Rule plan={plan} set={setPlan} electors={electors} roll={roll} />
            {lack === undefined || lack === "proxy" || lack === "count" ? <PowerPanel rule={rule} electors={electors} use={(r, kind) => change({ plan: used(plan, r, kind, electors) })} /> : <p class="note d-block">{t("web/power-not-yet")}</p>}
          </>
        )}
        {draft.step === "people" && <People plan={plan} set={setPlan} roll={roll} all={all} />}
        {draft.step === "rest" && <Rest plan={plan} set={setPlan} roll={roll} />}
        <Trouble of={doing} all={all} />
      </Form>
      {at > 0 && !(posed && draft.step === "rule") && <Act look="small" onClick={() => change({ step: steps[at - 1]! })}>{t("web/wizard-back")}</Act>}
    </section>
  );
}

// used changes the plan to a proposal of the power panel.
function used(plan: Plan, rule: RuleJson, kind: string, electors: ReturnType<typeof electorsOf>): Plan {
  // The guide hands the decision over to the users, so that nobody else has a vote that cannot matter.
  if (kind === "users_decide") return { ...plan, rule: "users", written: undefined, chairs: Object.fromEntries(Object.entries(plan.chairs).map(([who, { part: _, ...c }]) => [who, c])) };
  if (kind !== "one_person_one_vote") return withRule(plan, rule, electors);
  return { ...plan, chairs: Object.fromEntries(Object.entries(plan.chairs).map(([who, c]) => [who, { ...c, weight: 1 }])) };
}

// rollOf gives everyone enrolled, as they sit in the session.
function rollOf(seats: ParticipantViewJson[], enrolled: ParticipantViewJson[]): ParticipantViewJson[] {
  const seated = people(seats);
  return [...seats, ...enrolled.filter((p) => !seated.has(p.participant ?? "")).map((p) => ({ ...p, present: false }))];
}

const lacks: Record<Lack, { field: string; says: Key }> = {
  holder: { field: "plan-holder", says: "web/lacks-holder" }, chair: { field: "plan-chair", says: "web/lacks-chair" }, nobody: { field: "plan-who", says: "web/lacks-voters" }, users: { field: "plan-rule", says: "web/lacks-users" },
  sides: { field: "plan-rule", says: "web/lacks-sides" }, count: { field: "plan-count", says: "web/lacks-count" }, proxy: { field: "plan-who", says: "web/lacks-proxy" },
};
const later: Record<Step, Lack[]> = { question: ["holder", "chair", "nobody", "users", "sides", "count", "proxy"], rule: ["nobody", "proxy"], people: ["holder", "chair", "count"], rest: [] };

function check(step: Step, draft: Draft, lack: Lack | undefined): Problems {
  if (step === "question" && !draft.question.trim()) return { "plan-question": { key: "web/lacks-question" } };
  if (!lack || later[step].includes(lack)) return {};
  const { field, says } = lacks[lack];
  return { [step === "people" ? "plan-who" : field]: { key: says } };
}

function Question({ draft, change, said, posed }: { draft: Draft; change: (by: Partial<Draft>) => void; said: ContributionViewJson[]; posed: boolean }) {
  const proposals = said.filter((c) => c.kind === "CONTRIBUTION_KIND_PROPOSAL" && c.text && !said.some((o) => o.amends === c.number));
  return (
    <>
      {posed ? <p><strong>{draft.question}</strong></p> : <Field id="plan-question" label={t("web/plan-question")} hint={t("web/plan-question-hint")} value={draft.question} set={(question) => change({ question })} max={500} />}
      {proposals.length > 0 && (
        <Select id="plan-from" label={t("web/plan-from")} value={String(draft.takesUp)} set={(n) => change({ takesUp: Number(n), ...(n === "0" ? {} : { text: proposals.find((c) => c.number === Number(n))?.text ?? "" }) })}
          options={[{ value: "0", label: t("web/plan-from-none") }, ...proposals.map((c) => ({ value: String(c.number), label: `${c.number}. ${(c.text ?? "").slice(0, 60)}` }))]} />
      )}
      <Field id="plan-text" label={t("web/plan-text")} hint={t("web/plan-text-hint")} lines={4} value={draft.text} set={(text) => change({ text })} max={8000} />
    </>
  );
}

interface PlanProps { plan: Plan; set: (by: Partial<Plan>) => void; roll: ParticipantViewJson[] }

function Rule({ plan, set, roll, electors }: PlanProps & { electors: ReturnType<typeof electorsOf> }) {
  const offered = plan.written ? [...choices, "written" as const] : choices, sides = sidesOf(plan, electors);
  const voters = roll.filter((p) => electors.some((e) => e.participant === p.participant && votes(e)));
  return (
    <>
      <Choice id="plan-rule" label={t("web/plan-rule")} value={plan.rule} set={(rule) => set({ rule: rule as Plan["rule"] })} options={offered.map((c) => ({ value: c, label: t(ruleNames[c]), hint: t(ruleWhats[c]) }))} />
      {plan.rule === "qualified" && <Choice id="plan-share" label={t("web/plan-share")} value={plan.share} set={(share) => set({ share: share as Plan["share"] })} options={[{ value: "2/3", label: t("web/share-two-thirds") }, { value: "3/4", label: t("web/share-three-quarters") }]} />}
      {hasBase(plan.rule) && <Choice id="plan-base" label={t("web/plan-base")} value={plan.base} set={(base) => set({ base: base as Plan["base"] })} options={[{ value: "BASE_CAST", label: t("web/base-cast") }, ...(plan.rule === "qualified" ? [{ value: "BASE_PRESENT", label: t("web/base-present") }] : []), { value: "BASE_MEMBERS", label: t("web/base-members") }]} />}
      {hasSides(plan.rule) && [...sides.users, ...sides.others].filter((c) => c !== "user" && c !== "professional").map((code) => (
        <Choice key={code} id={`plan-side-${code}`} label={t("web/plan-side", { who: constituency(code) })} value={plan.withUsers.includes(code) ? "users" : "others"} set={(side) => set({ withUsers: side === "users" ? [...plan.withUsers, code] : plan.withUsers.filter((c) => c !== code) })}
          options={[{ value: "users", label: t("web/side-users") }, { value: "others", label: t(plan.rule === "ours" ? "web/side-all" : "web/side-others") }]} />
      ))}
      {plan.rule === "advisory" && <Select id="plan-holder" label={t("web/plan-holder")} hint={t("web/plan-holder-hint")} value={plan.holder} set={(holder) => set({ holder })} options={someone(roll, "web/room-choose")} />}
      {hasTie(plan.rule) && <Choice id="plan-tie" label={t("web/rule-tie")} value={plan.tie} set={(tie) => set({ tie: tie as Plan["tie"] })} options={[{ value: "TIE_STATUS_QUO", label: t("tie/status_quo") }, { value: "TIE_CHAIR", label: t("tie/chair") }, { value: "TIE_DEFER", label: t("tie/defer") }]} />}
      {hasTie(plan.rule) && plan.tie === "TIE_CHAIR" && <Select id="plan-chair" label={t("web/plan-chair")} value={plan.chair} set={(chair) => set({ chair })} options={someone(voters, "web/room-choose")} />}
      {hasQuorum(plan.rule) && (
        <>
          <Choice id="plan-quorum" label={t("web/plan-quorum")} value={plan.quorum} set={(quorum) => set({ quorum: quorum as Plan["quorum"] })} options={[{ value: "none", label: t("web/quorum-any") }, { value: "half", label: t("web/quorum-half") }, { value: "count", label: t("web/quorum-count") }]} />
          {plan.quorum === "count" && <Field id="plan-count" type="number" label={t("web/plan-count")} value={String(plan.count || "")} set={(n) => set({ count: Math.floor(Number(n)) || 0 })} />}
          <Field id="plan-users" type="number" label={t("web/plan-users")} hint={t("web/plan-users-hint")} value={String(plan.users)} set={(n) => set({ users: Math.max(0, Math.floor(Number(n)) || 0) })} />
        </>
      )}
    </>
  );
}

const roles = ["ROLE_UNSPECIFIED", "ROLE_CONSULTATIVE", "ROLE_DECISIVE"] as const;
const roleKeys: Record<typeof roles[number], Key> = { ROLE_UNSPECIFIED: "web/role-unsaid", ROLE_CONSULTATIVE: "role/consultative", ROLE_DECISIVE: "role/decisive" };

function Rest({ plan, set, roll }: PlanProps) {
  const said = roles.map((r) => ({ value: r, label: t(roleKeys[r]) }));
  return (
    <>
      <Choice id="plan-ratification" label={t("web/plan-ratification")} value={plan.ratification} set={(r) => set({ ratification: r as Plan["ratification"] })} options={[
        { value: "RATIFICATION_NONE", label: t("ratification/none") }, { value: "RATIFICATION_LEGALITY", label: t("ratification/legality") },
        { value: "RATIFICATION_MERIT", label: t("ratification/merit"), hint: t("web/ratification-merit-what") },
      ]} />
      {plan.ratification !== "RATIFICATION_NONE" && <Field id="plan-ratifier" label={t("web/plan-ratifier")} hint={t("web/plan-ratifier-hint")} value={plan.ratifier ?? ""} set={(ratifier) => set({ ratifier })} max={200} />}
      <Select id="plan-precommitted" label={t("web/plan-precommitted")} hint={t("web/plan-precommitted-hint")} value={plan.precommitted} set={(precommitted) => set({ precommitted })} options={someone(roll, "web/nobody")} />
      <Choice id="plan-promised" label={t("web/role-promised")} value={plan.promised} set={(r) => set({ promised: r as Plan["promised"] })} options={said} />
      <Choice id="plan-asked" label={t("web/role-asked")} value={plan.asked} set={(r) => set({ asked: r as Plan["asked"] })} options={said} />
      <Select id="plan-implementer" label={t("web/plan-implementer")} value={plan.implementer} set={(implementer) => set({ implementer })} options={someone(roll, "web/not-fixed")} />
      <Field id="plan-due" type="date" label={t("web/plan-due")} value={plan.due} set={(due) => set({ due })} />
      <p class="note d-block">{t("web/plan-open-only")}</p>
    </>
  );
}
