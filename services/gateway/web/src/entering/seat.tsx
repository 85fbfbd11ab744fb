// What somebody says of themself when they take a seat: for whom they sit, whether the department employs them, and three consents one by one. The same
// questions come when entering, when a facilitator sits down too, and later to change the answers.
import { useState } from "preact/hooks";
import type { ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Choice, type Problems } from "../parts/form";
import { type Key, t } from "../words";

// The version of the wording below. Whoever changes what a consent means counts it up.
export const consentsVersion = 1;

const capacities: [code: string, what: Key, hint: Key][] = [
  ["user", "web/capacity-user", "web/capacity-user-what"],
  ["family", "web/capacity-family", "web/capacity-family-what"],
  ["psw", "web/capacity-psw", "web/capacity-psw-what"],
  ["professional", "web/capacity-professional", "web/capacity-professional-what"],
  ["director", "web/capacity-director", "web/capacity-director-what"],
  ["researcher", "web/capacity-researcher", "web/capacity-researcher-what"],
  ["association", "web/capacity-association", "web/capacity-association-what"],
  ["institution", "web/capacity-institution", "web/capacity-institution-what"],
  ["citizen", "web/capacity-citizen", "web/capacity-citizen-what"],
  ["", "web/capacity-unsaid", "web/capacity-unsaid-what"],
];

export interface CapacityAnswer {
  constituency: string | undefined;
  employed: boolean | undefined;
}

const yesNo = (id: string, yes: Key, no: Key) => ({ id, options: [{ value: "yes", label: t(yes) }, { value: "no", label: t(no) }] });
const shown = (answer: boolean | undefined) => answer === undefined ? undefined : answer ? "yes" : "no";

export function Capacity({ id, answer, set }: { id: string; answer: CapacityAnswer; set: (answer: CapacityAnswer) => void }) {
  return (
    <>
      <Choice id={`${id}-capacity`} label={t("web/capacity")} hint={t("web/capacity-hint")} value={answer.constituency} set={(constituency) => set({ ...answer, constituency })}
        options={capacities.map(([value, what, hint]) => ({ value, label: t(what), hint: t(hint) }))} />
      <Choice {...yesNo(`${id}-employed`, "web/yes", "web/no")} label={t("web/employed-ask")} hint={t("web/employed-hint")} value={shown(answer.employed)}
        set={(v) => set({ ...answer, employed: v === "yes" })} />
    </>
  );
}

export function capacityProblems(id: string, { constituency, employed }: CapacityAnswer): Problems {
  const wrong: Problems = {};
  if (constituency === undefined) wrong[`${id}-capacity`] = { key: "web/capacity-missing" };
  if (employed === undefined) wrong[`${id}-employed`] = { key: "web/employed-missing" };
  return wrong;
}

const consents = [
  { code: "name_in_minutes", label: "web/consent-name", what: "web/consent-name-what", missing: "web/consent-name-missing" },
  { code: "words_in_minutes", label: "web/consent-words", what: "web/consent-words-what", missing: "web/consent-words-missing" },
  { code: "research", label: "web/consent-research", what: "web/consent-research-what", missing: "web/consent-research-missing" },
] as const;

export type ConsentAnswers = Record<string, boolean | undefined>;

export function Consents({ id, answers, set }: { id: string; answers: ConsentAnswers; set: (answers: ConsentAnswers) => void }) {
  return (
    <>
      <p class="know notice">{t("web/consents-what")}</p>
      {consents.map((c) => (
        <Choice key={c.code} {...yesNo(`${id}-${c.code}`, "web/consent-yes", "web/consent-no")} label={t(c.label)} hint={t(c.what)} value={shown(answers[c.code])}
          set={(v) => set({ ...answers, [c.code]: v === "yes" })} />
      ))}
    </>
  );
}

export function consentProblems(id: string, answers: ConsentAnswers): Problems {
  const open = consents.filter((c) => answers[c.code] === undefined);
  return Object.fromEntries(open.map((c) => [`${id}-${c.code}`, { key: c.missing }]));
}

// answered splits the codes into those given and those refused.
export function answered(answers: ConsentAnswers): { consentsGiven: string[]; consentsRefused: string[]; consentsVersion: number } {
  const of = (given: boolean) => consents.map((c) => c.code as string).filter((code) => answers[code] === given);
  return { consentsGiven: of(true), consentsRefused: of(false), consentsVersion };
}

export interface SeatAnswers {
  capacity: CapacityAnswer;
  setCapacity: (answer: CapacityAnswer) => void;
  consents: ConsentAnswers;
  setConsents: (answers: ConsentAnswers) => void;
}

// useSeat holds the answers; what somebody said before stands there already.
export function useSeat(before?: ParticipantViewJson): SeatAnswers {
  const [capacity, setCapacity] = useState<CapacityAnswer>(before ? { constituency: before.constituency ?? "", employed: before.employedByDepartment ?? false } : { constituency: undefined, employed: undefined });
  const [consents, setConsents] = useState<ConsentAnswers>(Object.fromEntries((before?.consents ?? []).map((c) => [c.consent ?? "", c.given ?? false])));
  return { capacity, setCapacity, consents, setConsents };
}
