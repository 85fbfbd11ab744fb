// The guided choice of a rule, and what follows from it: the rule, the electorate and the charter as the contract has them (decision-rules, minutes), and
// back again, so that what is written can be changed until voting opens. Pure: nothing is asked or sent here.
import type { DecisionViewJson, ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import type {
  BaseJson, CharterJson, ConstituencyRuleJson, ElectorJson, QuorumJson, RatificationJson, RoleJson, RuleJson, StandingJson, ThresholdJson, TieJson,
} from "../gen/tavolo/event/v1/decision_pb";
import type { TextJson } from "../gen/tavolo/command/v1/text_pb";
import { inRounds, votes } from "./desk";

export const choices = ["simple", "absolute", "qualified", "unanimity", "consensus", "consent", "double", "ours", "users", "advisory"] as const;
// Choice of a rule. "ours": a majority of everyone, and also of the users. "written": a rule that the guide has no name for; it is kept as it stands.
export type RuleChoice = typeof choices[number] | "written";

// Part is what somebody does in a decision. "out": stays outside of it and is not on the list.
export type Part = "votes" | "vetoes" | "advises" | "informed" | "recused" | "out";

export interface Chair {
  part?: Part;
  // At least 1.
  weight?: number;
  // Who casts the ballot instead, as a pseudonym. Empty: nobody.
  proxy?: string;
  instructed?: boolean;
  mandate?: string;
}

export interface Plan {
  rule: RuleChoice;
  // Qualified majority: at least this share.
  share: "2/3" | "3/4";
  base: Extract<BaseJson, string>;
  // Constituencies whose votes count with those of the users where two sides must agree; the users themselves always do.
  withUsers: string[];
  tie: Extract<TieJson, string>;
  chair: string;
  holder: string;
  quorum: "none" | "half" | "count";
  count: number;
  // Users who must be there. 0: no such condition.
  users: number;
  // Who is asked: those in the room, or everyone enrolled.
  who: "room" | "enrolled";
  chairs: Record<string, Chair>;
  ratification: Extract<RatificationJson, string>;
  // Who ratifies, in words. Empty: not named.
  ratifier?: string;
  precommitted: string;
  promised: Extract<RoleJson, string>;
  asked: Extract<RoleJson, string>;
  implementer: string;
  // yyyy-mm-dd. Empty: not fixed.
  due: string;
  written?: RuleJson | undefined;
}

export const firstPlan: Plan = {
  rule: "simple", share: "2/3", base: "BASE_CAST", withUsers: [], tie: "TIE_STATUS_QUO", chair: "", holder: "", quorum: "none", count: 1, users: 0, who: "room", chairs: {},
  ratification: "RATIFICATION_NONE", precommitted: "", promised: "ROLE_UNSPECIFIED", asked: "ROLE_UNSPECIFIED", implementer: "", due: "",
};

const majority: ThresholdJson = { majority: true };

// What a rule leaves to be chosen.
export const hasTie = (c: RuleChoice): boolean => ["simple", "absolute", "double", "ours", "users"].includes(c);
export const hasBase = (c: RuleChoice): boolean => c === "qualified" || c === "unanimity";
export const hasSides = (c: RuleChoice): boolean => c === "double" || c === "ours";
export const hasQuorum = (c: RuleChoice): boolean => c !== "advisory" && c !== "written";

// partOf says what somebody does: as chosen, else as the rule has it.
export function partOf(plan: Plan, p: ParticipantViewJson): Part {
  const chosen = plan.chairs[p.participant ?? ""]?.part;
  if (plan.rule === "advisory" && p.participant === plan.holder) return "votes";
  if (chosen) return plan.rule === "advisory" && (chosen === "votes" || chosen === "vetoes") ? "advises" : chosen;
  if (plan.rule === "advisory") return "advises";
  if (plan.rule === "users" && p.constituency !== "user") return "informed";
  return "votes";
}

const standings: Record<Exclude<Part, "out">, Extract<StandingJson, string>> = {
  votes: "STANDING_BINDING_VOTE", vetoes: "STANDING_VETO", advises: "STANDING_CONSULTED", informed: "STANDING_INFORMED", recused: "STANDING_BINDING_VOTE",
};

function standingOf(plan: Plan, part: Exclude<Part, "out">): Extract<StandingJson, string> {
  if (part !== "votes" && part !== "recused") return standings[part];
  if (plan.rule === "consent" || plan.rule === "consensus" || plan.rule === "written" && inRounds(plan.written)) return "STANDING_CONSENT";
  return plan.rule === "users" ? "STANDING_DELEGATED" : standings[part];
}

// electorsOf gives the electorate of a plan. A proxy of somebody who is there, or who has no vote, is left out.
export function electorsOf(plan: Plan, roll: ParticipantViewJson[]): ElectorJson[] {
  const asked = roll.filter((p) => plan.who === "enrolled" || p.present || plan.chairs[p.participant ?? ""]?.proxy);
  return asked.flatMap((p): ElectorJson[] => {
    const part = partOf(plan, p), chair = plan.chairs[p.participant ?? ""] ?? {};
    if (part === "out") return [];
    const votes = part === "votes" || part === "vetoes", proxy = votes && !p.present && chair.proxy;
    return [{
      participant: p.participant ?? "", standing: standingOf(plan, part), weight: String(votes && plan.rule !== "advisory" ? Math.max(chair.weight ?? 1, 1) : 1),
      ...(p.constituency ? { constituency: p.constituency } : {}), ...(p.employedByDepartment ? { employedByDepartment: true } : {}),
      ...(p.present ? { present: true } : {}), ...(part === "recused" ? { recused: true } : {}),
      ...(proxy ? { proxy: { to: proxy, ...(chair.instructed ? { instructed: true } : {}) } } : {}),
      ...(votes && chair.mandate?.trim() ? { mandate: chair.mandate.trim() } : {}),
    }];
  });
}

// sidesOf divides the constituencies that vote into that of the users and the others, in the order in which they appear.
export function sidesOf(plan: Plan, electors: ElectorJson[]): { users: string[]; others: string[] } {
  const codes = [...new Set(electors.filter(votes).map((e) => e.constituency ?? "").filter(Boolean))];
  const ours = (code: string) => code === "user" || plan.withUsers.includes(code);
  return { users: codes.filter(ours), others: codes.filter((c) => !ours(c)) };
}

// ruleOf gives the rule of a plan.
export function ruleOf(plan: Plan, electors: ElectorJson[]): RuleJson {
  const rest: Partial<RuleJson> = { ...(hasTie(plan.rule) ? tieOf(plan) : {}), ...(hasQuorum(plan.rule) ? quorumOf(plan) : {}) };
  const { users, others } = sidesOf(plan, electors);
  const own: ConstituencyRuleJson = { of: users.length > 0 ? users : ["user"], threshold: majority, base: "BASE_CAST" };
  switch (plan.rule) {
    case "simple": case "users": return { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_CAST", ...rest };
    case "absolute": return { method: "METHOD_MAJORITY", threshold: majority, base: "BASE_MEMBERS", ...rest };
    case "qualified": return { method: "METHOD_MAJORITY", threshold: { fraction: fraction(plan.share) }, base: plan.base, ...rest };
    case "unanimity": return { method: "METHOD_UNANIMITY", base: plan.base, ...rest };
    case "consensus": return { method: "METHOD_CONSENSUS", ...rest };
    case "consent": return { method: "METHOD_CONSENT", ...rest };
    case "double": return { method: "METHOD_CONSTITUENCIES", constituencies: [own, { of: others.length > 0 ? others : ["professional"], threshold: majority, base: "BASE_CAST" }], ...rest };
    case "ours": return { method: "METHOD_CONSTITUENCIES", threshold: majority, base: "BASE_CAST", constituencies: [own], ...rest };
    case "advisory": return { method: "METHOD_SOLE", holder: plan.holder };
    case "written": return plan.written ?? {};
  }
}

const fraction = (share: string) => ({ numerator: Number(share.split("/")[0]), denominator: Number(share.split("/")[1]) });
const tieOf = (plan: Plan): Partial<RuleJson> => ({ tie: plan.tie, ...(plan.tie === "TIE_CHAIR" ? { chair: plan.chair } : {}) });

function quorumOf(plan: Plan): Partial<RuleJson> {
  const q: QuorumJson = {
    ...(plan.quorum === "half" ? { fraction: { numerator: 1, denominator: 2 } } : plan.quorum === "count" ? { count: plan.count } : {}),
    ...(plan.users > 0 ? { constituencies: { user: plan.users } } : {}),
  };
  return Object.keys(q).length > 0 ? { quorum: q } : {};
}

// charterOf gives the charter of a plan.
export function charterOf(plan: Plan, electors: ElectorJson[]): CharterJson {
  return {
    rule: ruleOf(plan, electors), ratification: plan.ratification,
    ...(plan.precommitted ? { precommittedBy: plan.precommitted } : {}),
    ...(plan.promised !== "ROLE_UNSPECIFIED" ? { rolePromised: plan.promised } : {}), ...(plan.asked !== "ROLE_UNSPECIFIED" ? { roleAsked: plan.asked } : {}),
    ...(plan.implementer ? { implementer: plan.implementer } : {}), ...(plan.due ? { due: plan.due } : {}),
  };
}

// ratifierOf gives what goes with the charter: the authority that ratifies, in words, where there is one.
export function ratifierOf(plan: Plan): { ratifier?: TextJson } {
  const clear = plan.ratifier?.trim();
  return clear && plan.ratification !== "RATIFICATION_NONE" ? { ratifier: { clear } } : {};
}

// withRule changes the plan to a rule that came from elsewhere: a proposal, or what is written. What the rule does not say stays as it was.
export function withRule(plan: Plan, rule: RuleJson, electors: ElectorJson[]): Plan {
  const named = (rule.veto ?? []).length + (rule.requiresFor ?? []).length + (rule.minMembersFor ?? 0) > 0;
  const next: Plan = {
    ...plan, written: undefined, ...(rule.tie && rule.tie !== "TIE_UNSPECIFIED" ? { tie: rule.tie as Plan["tie"], chair: rule.chair ?? "" } : {}),
    ...(rule.quorum ? quorumIn(rule.quorum) : {}),
  };
  const each = rule.constituencies ?? [], f = rule.threshold?.fraction, share = f && `${f.numerator}/${f.denominator}`;
  const base = (rule.base && rule.base !== "BASE_UNSPECIFIED" ? rule.base : "BASE_CAST") as Plan["base"];
  const plain = rule.threshold?.votes === undefined && !f;
  const written = (): Plan => ({ ...next, rule: "written", written: rule });
  if (named || next.quorum === "count" && next.count === 0) return written();
  switch (rule.method) {
    case "METHOD_MAJORITY":
      if (share === "2/3" || share === "3/4") return { ...next, rule: "qualified", share, base };
      if (!plain || base === "BASE_PRESENT") return written();
      if (base === "BASE_MEMBERS") return { ...next, rule: "absolute" };
      return { ...next, rule: electors.some((e) => e.standing === "STANDING_DELEGATED") ? "users" : "simple" };
    case "METHOD_UNANIMITY": return { ...next, rule: "unanimity", base };
    case "METHOD_CONSENT": return { ...next, rule: "consent" };
    case "METHOD_CONSENSUS": return { ...next, rule: "consensus" };
    case "METHOD_SOLE": return { ...next, rule: "advisory", holder: rule.holder ?? "" };
    case "METHOD_CONSTITUENCIES": {
      const withUsers = (each[0]?.of ?? []).filter((c) => c !== "user"), usual = each.every((c) => c.of?.length && !c.minPresent && !c.threshold?.fraction && c.threshold?.votes === undefined && c.base !== "BASE_MEMBERS" && c.base !== "BASE_PRESENT");
      if (!usual || !each[0]?.of?.includes("user")) return written();
      if (each.length === 1 && rule.threshold && plain && base === "BASE_CAST") return { ...next, rule: "ours", withUsers };
      return each.length === 2 && !rule.threshold ? { ...next, rule: "double", withUsers } : written();
    }
    default: return written();
  }
}

function quorumIn(q: QuorumJson): Partial<Plan> {
  const users = Number(q.constituencies?.user ?? 0), count = q.count ?? 0;
  return { users, quorum: q.fraction ? "half" : count > 0 ? "count" : "none", count: Math.max(count, 1) };
}

const parts: Record<string, Part> = { STANDING_CONSULTED: "advises", STANDING_INFORMED: "informed", STANDING_NONE: "informed", STANDING_UNSPECIFIED: "informed", STANDING_VETO: "vetoes" };

// planOf reads a plan back from a decision that is posed, to change it.
export function planOf(d: DecisionViewJson, roll: ParticipantViewJson[]): Plan {
  const c = d.charter ?? {}, electors = d.plannedElectors ?? [];
  const listed = new Set(electors.map((e) => e.participant));
  const chairs: Record<string, Chair> = {};
  for (const e of electors) {
    chairs[e.participant ?? ""] = {
      part: e.recused ? "recused" : parts[String(e.standing)] ?? "votes",
      ...(Number(e.weight ?? 1) > 1 ? { weight: Number(e.weight) } : {}), ...(e.mandate ? { mandate: e.mandate } : {}),
      ...(e.proxy ? { proxy: e.proxy.to ?? "", instructed: e.proxy.instructed ?? false } : {}),
    };
  }
  const enrolled = electors.some((e) => !e.present && !e.proxy);
  if (electors.length > 0) for (const p of roll) if (!listed.has(p.participant) && (enrolled || p.present)) chairs[p.participant ?? ""] = { part: "out" };
  const plan: Plan = {
    ...firstPlan, who: enrolled ? "enrolled" : "room", chairs,
    ratification: (c.ratification && c.ratification !== "RATIFICATION_UNSPECIFIED" ? c.ratification : "RATIFICATION_NONE") as Plan["ratification"],
    ratifier: d.ratifier ?? "", precommitted: c.precommittedBy ?? "", promised: (c.rolePromised ?? "ROLE_UNSPECIFIED") as Plan["promised"], asked: (c.roleAsked ?? "ROLE_UNSPECIFIED") as Plan["asked"],
    implementer: c.implementer ?? "", due: c.due ?? "",
  };
  return c.rule ? withRule(plan, c.rule, electors) : plan;
}

// Lack is what a plan still needs before it can be written, and at which field.
export type Lack = "holder" | "chair" | "nobody" | "users" | "sides" | "count" | "proxy";

export function lackOf(plan: Plan, electors: ElectorJson[]): Lack | undefined {
  const voters = electors.filter(votes);
  if (plan.rule === "advisory" && !plan.holder) return "holder";
  if (voters.length === 0) return "nobody";
  if (hasTie(plan.rule) && plan.tie === "TIE_CHAIR" && !voters.some((e) => e.participant === plan.chair)) return "chair";
  const sides = sidesOf(plan, electors);
  if (hasSides(plan.rule) && sides.users.length === 0 || plan.rule === "users" && !voters.some((e) => e.constituency === "user")) return "users";
  if (plan.rule === "double" && sides.others.length === 0) return "sides";
  if (hasQuorum(plan.rule) && (plan.quorum === "count" && !(plan.count >= 1 && plan.count <= voters.length) || plan.users > voters.filter((e) => e.constituency === "user").length)) return "count";
  if (voters.some((e) => e.proxy && !electors.some((o) => o.participant === e.proxy?.to && o.present))) return "proxy";
  return undefined;
}

// openingOf gives the electorate to open with: as planned, with who is in the room now.
export function openingOf(planned: ElectorJson[], roll: ParticipantViewJson[]): ElectorJson[] {
  const here = new Set(roll.filter((p) => p.present).map((p) => p.participant));
  return planned.map(({ present: _, proxy, ...e }) => {
    const present = here.has(e.participant);
    return { ...e, ...(present ? { present } : proxy ? { proxy } : {}) };
  });
}
