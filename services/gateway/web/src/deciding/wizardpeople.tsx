// Who is asked, and what each can do: the electorate as it is foreseen. Proxies, weights and mandates are there for who needs them.
import type { ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Check, Choice, Field, Select } from "../parts/form";
import { type People as Names, byConstituency, named } from "../parts/people";
import { type Key, constituency, t } from "../words";
import { type Chair, type Part, type Plan, partOf } from "./plan";

const parts: [Part, Key][] = [
  ["votes", "web/part-votes"], ["vetoes", "web/part-vetoes"], ["advises", "web/part-advises"], ["informed", "web/part-informed"], ["recused", "web/part-recused"], ["out", "web/part-out"],
];

export function People({ plan, set, roll, all }: { plan: Plan; set: (by: Partial<Plan>) => void; roll: ParticipantViewJson[]; all: Names }) {
  const there = roll.filter((p) => p.present), away = roll.filter((p) => !p.present), shown = plan.who === "enrolled" ? roll : there;
  const gives = away.filter((p) => plan.chairs[p.participant ?? ""]?.proxy !== undefined);
  const change = (who: string, by: Partial<Chair>) => set({ chairs: { ...plan.chairs, [who]: { ...plan.chairs[who], ...by } } });
  return (
    <>
      <Choice id="plan-who" label={t("web/plan-who")} value={plan.who} set={(who) => set({ who: who as Plan["who"] })} options={[
        { value: "room", label: t("web/who-room", { n: there.length }), hint: t("web/who-room-what") }, { value: "enrolled", label: t("web/who-enrolled", { n: roll.length }), hint: t("web/who-enrolled-what") },
      ]} />
      {byConstituency(shown).map(([code, members]) => (
        <fieldset key={code} class="roll">
          <legend>{constituency(code)}</legend>
          {members.map((p) => <One key={p.participant} plan={plan} p={p} all={all} change={change} />)}
        </fieldset>
      ))}
      {away.length > 0 && (
        <details class="fold" open={gives.length > 0}>
          <summary>{t("web/proxies")}</summary>
          <p>{t("web/proxies-what")}</p>
          {gives.map((p) => <Proxy key={p.participant} plan={plan} p={p} there={there} all={all} change={change} />)}
          <Select id="proxy-add" label={t("web/proxy-add")} value="" set={(who) => { if (who) change(who, { proxy: "" }); }} options={[{ value: "", label: t("web/proxy-add-none") }, ...away.filter((p) => !gives.includes(p)).map((p) => ({ value: p.participant ?? "", label: named(all, p.participant) }))]} />
        </details>
      )}
      <details class="fold">
        <summary>{t("web/weights")}</summary>
        <p>{t("web/weights-what")}</p>
        {shown.filter((p) => ["votes", "vetoes"].includes(partOf(plan, p))).map((p) => {
          const who = p.participant ?? "", chair = plan.chairs[who] ?? {};
          return (
            <fieldset key={who} class="roll inline">
              <legend>{named(all, who)}</legend>
              <Field id={`weight-${who}`} type="number" label={t("web/weight-of")} value={String(chair.weight ?? 1)} set={(n) => change(who, { weight: Math.max(1, Math.floor(Number(n)) || 1) })} />
              <Field id={`mandate-${who}`} label={t("web/mandate-of")} value={chair.mandate ?? ""} max={64} set={(mandate) => change(who, { mandate })} />
            </fieldset>
          );
        })}
      </details>
    </>
  );
}

interface OneProps { plan: Plan; p: ParticipantViewJson; all: Names; change: (who: string, by: Partial<Chair>) => void }

function One({ plan, p, all, change }: OneProps) {
  const who = p.participant ?? "", holds = plan.rule === "advisory" && who === plan.holder;
  if (holds) return <p class="seat"><span class="who">{named(all, who)}</span> <span>{t("web/part-holder")}</span></p>;
  const offered = plan.rule === "advisory" ? parts.filter(([part]) => part !== "votes" && part !== "vetoes" && part !== "recused") : parts;
  return <Select id={`part-${who}`} label={named(all, who)} value={partOf(plan, p)} set={(part) => change(who, { part: part as Part })} options={offered.map(([value, key]) => ({ value, label: t(key) }))} />;
}

function Proxy({ plan, p, there, all, change }: OneProps & { there: ParticipantViewJson[] }) {
  const who = p.participant ?? "", chair = plan.chairs[who] ?? {};
  return (
    <fieldset class="roll">
      <legend>{named(all, who)}</legend>
      <Select id={`proxy-${who}`} label={t("web/proxy-to")} value={chair.proxy ?? ""} set={(proxy) => change(who, { proxy })} options={[{ value: "", label: t("web/nobody") }, ...there.map((h) => ({ value: h.participant ?? "", label: named(all, h.participant) }))]} />
      {chair.proxy && <Check id={`instructed-${who}`} label={t("web/proxy-told")} value={chair.instructed ?? false} set={(instructed) => change(who, { instructed })} />}
    </fieldset>
  );
}
