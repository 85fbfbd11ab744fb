// The power panel: what each side and each seat can do under a rule, before anyone votes, in words and as one picture with the same figures as a table;
// and other rules under which the users could matter more. The figures come from the gateway, exact; here they are only said.
import { useEffect, useId, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import type { PowerResponseJson, SeatPowerJson } from "../gen/tavolo/api/v1/roles_pb";
import type { ElectorJson, RuleJson } from "../gen/tavolo/event/v1/decision_pb";
import { Act } from "../meeting/doing";
import { Loading, Problem } from "../parts/screen";
import { Cell, Head, Row, Table } from "../parts/table";
import { type Key, constituency, t } from "../words";
import { type Desk, votes } from "./desk";
import { type Hundred, gain, hundredOf, inHundred, width } from "./hundred";
import { firstPlan, withRule } from "./plan";
import { ruleNames } from "./rulenames";

// PowerOf is the panel of a decision that is posed, for everyone.
export function PowerOf({ desk }: { desk: Desk }) {
  const electors = desk.d.plannedElectors ?? [], rule = desk.d.charter?.rule;
  return rule && electors.length > 0 ? <PowerPanel rule={rule} electors={electors} /> : null;
}

const pause = 400; // milliseconds without a change before the gateway is asked

function useSteady<T>(value: T, key: string): { value: T; key: string } {
  const [steady, set] = useState({ value, key });
  useEffect(() => {
    if (key === steady.key) return;
    const later = setTimeout(() => set({ value, key }), pause);
    return () => clearTimeout(later);
  }, [key]);
  return steady;
}

export function PowerPanel({ rule, electors, use }: { rule: RuleJson; electors: ElectorJson[]; use?: (rule: RuleJson, kind: string) => void }) {
  const title = useId(), now = useSteady({ rule, electors }, JSON.stringify([rule, electors]));
  const asked = useAsked(now.key, (signal) => ask("RoleService/Power", now.value, signal));
  return (
    <div class="power" role="group" aria-labelledby={title}>
      <h5 id={title}>{t("web/power-title")}</h5>
      {asked.problem ? <Problem asked={asked} /> : !asked.data ? <Loading /> : <Panel of={asked.data} rule={now.value.rule} electors={now.value.electors} use={use} />}
    </div>
  );
}

export interface Side { name: string; who: string; voters: number; alone: Hundred | undefined; among: Hundred | undefined; stops: boolean; decides: boolean }

// sidesIn gives the sides to show, of those that have a vote: the users first, the wider circle only where it is wider, then every other constituency.
export function sidesIn(groups: SeatPowerJson[]): Side[] {
  const of = (who: string) => groups.find((g) => g.who === who), strict = of("users:strict"), broad = of("users:broad");
  const shown = [strict, broad && broad.voters !== strict?.voters ? broad : undefined, ...groups.filter((g) => g.who?.startsWith("constituency:") && (g.who !== "constituency:user" || g.voters !== strict?.voters))];
  return shown.filter((g) => g !== undefined && (g.voters ?? 0) > 0).map((g) => g!).map((g) => ({
    who: g.who ?? "", voters: g.voters ?? 0, alone: hundredOf(g.power), among: hundredOf(g.powerAmongBlocs), stops: hundredOf(g.prevent) === "always", decides: hundredOf(g.initiate) === "always",
    name: g.who === "users:strict" ? t("web/users-strict") : g.who === "users:broad" ? t("web/users-broad") : constituency(g.who?.slice(13)),
  }));
}

function Panel({ of, rule, electors, use }: { of: PowerResponseJson; rule: RuleJson; electors: ElectorJson[]; use: ((rule: RuleJson, kind: string) => void) | undefined }) {
  const groups = of.groups ?? [], sides = sidesIn(groups), users = sides.find((s) => s.who === "users:strict"), all = electors.filter(votes).length;
  const never = !users || users.alone === "never", onlyTogether = users && !never && users.among === "never";
  return (
    <>
      {users && <p class="power-says">{usersSay(users, sides, all, rule, electors)}</p>}
      {never && <div class="notice bad" role="status"><p><strong>{t("web/power-warning")}</strong> {t(users ? "web/power-never-what" : rule.method === "METHOD_SOLE" ? "web/power-advice-what" : "web/power-no-users")}</p></div>}
      {onlyTogether && <div class="notice" role="status"><p>{t("web/power-blocs-warning")}</p></div>}
      {sides.length > 0 && <Picture sides={sides} />}
      <Seats seats={of.seats ?? []} electors={electors} />
      {(of.proposals ?? []).length > 0 && (
        <>
          <h6 class="h6">{t("web/power-others")}</h6>
          <ul class="lines proposals">
            {(of.proposals ?? []).map((p) => {
              const h = hundredOf(p.power), among = hundredOf(p.powerAmongBlocs);
              return (
                <li key={p.kind}>
                  <span><strong>{t(kinds[p.kind ?? ""] ?? "web/rule-written")}</strong></span>
                  <span class="d-block">{t(when[gain(p.power, groups.find((g) => g.who === "users:strict")?.power)])}</span>
                  <span class="under">{t("web/power-would", { n: inHundred(h) })} {among === "never" ? t("web/power-would-not") : t("web/power-would-blocs", { n: inHundred(among) })}</span>
                  {use && <Act onClick={() => use(p.rule ?? {}, p.kind ?? "")}>{t("web/power-use")} <span class="visually-hidden">{t(kinds[p.kind ?? ""] ?? "web/rule-written")}</span></Act>}
                </li>
              );
            })}
          </ul>
        </>
      )}
    </>
  );
}

// when says in which case a proposal gives the users more. Once the others vote as one it always does: that is why it is proposed.
const when: Record<ReturnType<typeof gain>, Key> = { more: "web/power-more", same: "web/power-more-same", less: "web/power-more-blocs" };

const kinds: Record<string, Key> = {
  double_majority: "web/rule-double", consent: "web/rule-consent", unanimity: "web/rule-unanimity", users_veto: "web/rule-ours", users_decide: "web/rule-users", two_thirds: "web/rule-qualified",
  simple_majority: "web/rule-simple", one_person_one_vote: "web/rule-one-vote",
};

// usersSay says the power of the users as a sentence, such as: 3 of 15, simple majority: together they change the result in 61 possible votes of 100, and
// in none if everybody else votes as one.
function usersSay(u: Side, sides: Side[], all: number, rule: RuleJson, electors: ElectorJson[]): string {
  const name = t(ruleNames[withRule(firstPlan, rule, electors).rule]);
  const others = sides.filter((s) => s.who.startsWith("constituency:") && s.who !== "constituency:user"), only = others.length === 1 ? others[0] : undefined;
  const says = [t("web/power-who", { n: u.voters, all, rule: name })];
  if (u.alone === "never") says.push(t("web/power-never"));
  else if (u.alone === "always") says.push(t("web/power-always"));
  else says.push(t("web/power-change", { n: inHundred(u.alone) }));
  if (u.alone !== "never" && u.alone !== "always" && u.among !== undefined && all > u.voters) {
    const args = { n: inHundred(u.among), who: only ? t("web/power-side", { n: only.voters, who: only.name.toLowerCase() }) : t("web/power-the-others") };
    says.push(t(u.among === "never" ? "web/power-blocs-never" : u.among === "always" ? "web/power-blocs-always" : "web/power-blocs", args));
  }
  if (u.stops && u.alone !== "always") says.push(t("web/power-stops"));
  if (u.decides && u.alone !== "always") says.push(t("web/power-decides"));
  return says.join(" ");
}

// Picture is one bar a side, out of 100 possible votes: the wide one when all others choose for themselves, the narrow one when each other side votes as one.
function Picture({ sides }: { sides: Side[] }) {
  const columns = [t("web/power-side-title"), t("web/power-alone"), t("web/power-among")];
  const can = (s: Side) => [s.stops && t("web/power-can-stop"), s.decides && t("web/power-can-decide")].filter(Boolean).join(" ");
  return (
    <div class="power-picture">
      <svg class="bars" height={`${sides.length * 1.75}em`} viewBox={`0 0 100 ${sides.length * 14}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {[25, 50, 75].map((x) => <line key={x} class="grid" x1={x} x2={x} y1="0" y2={sides.length * 14} />)}
        {sides.map((s, i) => (
          <g key={s.who}>
            <rect class="ground" x="0" y={i * 14 + 1} width="100" height="11" />
            <rect class={`tone-${i % 9 + 1}`} x="0" y={i * 14 + 1} width={width(s.alone)} height="7" />
            <rect class={`tone-${i % 9 + 1} among`} x="0" y={i * 14 + 9} width={width(s.among)} height="3" />
          </g>
        ))}
      </svg>
      <p class="note d-block">{t("web/power-picture")}</p>
      <Table caption={t("web/power-caption")} columns={columns}>
        {sides.map((s, i) => (
          <Row key={s.who}>
            <Head>
              <svg class="swatch" viewBox="0 0 8 8" aria-hidden="true" focusable="false"><rect class={`tone-${i % 9 + 1}`} width="8" height="8" /></svg>{s.name} <span class="n">{t("web/power-votes-n", { n: s.voters })}</span>
              {can(s) && <span class="note d-block">{can(s)}</span>}
            </Head>
            <Cell of={columns[1]!}>{inHundred(s.alone)}</Cell>
            <Cell of={columns[2]!}>{inHundred(s.among)}</Cell>
          </Row>
        ))}
      </Table>
    </div>
  );
}

// Seats says the power of single people; those who sit for the same and can do the same are one line.
function Seats({ seats, electors }: { seats: SeatPowerJson[]; electors: ElectorJson[] }) {
  const lines = new Map<string, { of: string; power: Hundred | undefined; n: number }>();
  for (const s of seats.filter((s) => (s.voters ?? 0) > 0)) {
    const of = constituency(electors.find((e) => e.participant === s.who)?.constituency), key = `${of} ${s.power}`;
    lines.set(key, { of, power: hundredOf(s.power), n: (lines.get(key)?.n ?? 0) + 1 });
  }
  if (lines.size === 0) return null;
  const columns = [t("web/power-seat"), t("web/people"), t("web/power-alone-seat")];
  return (
    <details class="fold">
      <summary>{t("web/power-seats")}</summary>
      <Table caption={t("web/power-seats-caption")} columns={columns}>
        {[...lines].map(([key, l]) => <Row key={key}><Head>{l.of}</Head><Cell of={columns[1]!}>{l.n}</Cell><Cell of={columns[2]!}>{inHundred(l.power)}</Cell></Row>)}
      </Table>
    </details>
  );
}
