// A rule laid over an electorate, as figures for people: who has a vote, who was there, what was needed and what there was. Only counts; what came out
// is in the record and is never computed here. See decision-rules.
import type { DecisionViewJson } from "./gen/tavolo/api/v1/record_pb";
import type { ElectorJson, FractionJson, ThresholdJson } from "./gen/tavolo/event/v1/decision_pb";

const binding = ["STANDING_BINDING_VOTE", "STANDING_CONSENT", "STANDING_VETO", "STANDING_DELEGATED"];

// votersOf gives who has a vote: a binding standing, and does not stay out.
export const votersOf = (d: DecisionViewJson): ElectorJson[] => (d.electors ?? []).filter((e) => binding.includes(String(e.standing)) && !e.recused);

// here tells whether an elector was in the room when voting opened, or represented by a proxy.
export const here = (e: ElectorJson): boolean => Boolean(e.present || e.proxy);

const weight = (e: ElectorJson): number => Math.max(Number(e.weight ?? 1), 1);

export interface Count { for: number; against: number; abstain: number }

// Condition is one threshold over some of the voters.
export interface Condition {
  // Constituencies that it is about; none: everyone.
  of: string[];
  threshold: ThresholdJson | undefined;
  base: string;
  // Weight of votes for that was needed. Undefined while it depends on votes that are not known.
  needed: number | undefined;
  // The votes of these voters. Undefined when they are not known (secret, or none yet).
  votes: Count | undefined;
  minPresent: number;
}

// conditionsOf gives the thresholds of a rule; methods without one (consent, unanimity …) have none.
export function conditionsOf(d: DecisionViewJson): Condition[] {
  const rule = d.charter?.rule;
  if (!rule) return [];
  const each = rule.method === "METHOD_CONSTITUENCIES" ? (rule.constituencies ?? []).map((c) => condition(d, c.of ?? [], c.threshold, String(c.base), c.minPresent)) : [];
  const overall = rule.method === "METHOD_MAJORITY" || rule.method === "METHOD_CONSTITUENCIES" && rule.threshold;
  return overall ? [...each, condition(d, [], rule.threshold, String(rule.base))] : each;
}

function condition(d: DecisionViewJson, of: string[], threshold: ThresholdJson | undefined, base: string, minPresent = 0): Condition {
  const among = votersOf(d).filter((e) => of.length === 0 || of.includes(e.constituency ?? ""));
  const counted = base === "BASE_UNSPECIFIED" || base === "undefined" ? "BASE_CAST" : base;
  const votes = count(d, among, of.length === 0);
  const total = counted === "BASE_MEMBERS" ? sum(among) : counted === "BASE_PRESENT" ? sum(among.filter(here)) : votes && votes.for + votes.against;
  return { of, threshold, base: counted, votes, minPresent, needed: total === undefined ? undefined : needed(threshold, total) };
}

const sum = (electors: ElectorJson[]): number => electors.reduce((n, e) => n + weight(e), 0);

// count adds up open ballots; the totals in the record stand for everyone.
function count(d: DecisionViewJson, among: ElectorJson[], everyone: boolean): Count | undefined {
  if (d.phase !== "DECISION_PHASE_CLOSED") return undefined;
  if (everyone) return { for: Number(d.tally?.for ?? 0), against: Number(d.tally?.against ?? 0), abstain: Number(d.tally?.abstain ?? 0) };
  if (!d.ballots || d.ballots.length === 0) return undefined;
  const votes: Count = { for: 0, against: 0, abstain: 0 };
  for (const e of among) {
    const choice = d.ballots.find((b) => b.participant === e.participant)?.choice;
    if (choice === "CHOICE_FOR") votes.for += weight(e);
    if (choice === "CHOICE_AGAINST") votes.against += weight(e);
    if (choice === "CHOICE_ABSTAIN") votes.abstain += weight(e);
  }
  return votes;
}

// needed is the least weight of votes for that is enough: more than half, or at least a share, or at least so many.
export function needed(threshold: ThresholdJson | undefined, base: number): number {
  if (threshold?.votes !== undefined) return Number(threshold.votes);
  if (threshold?.fraction) return atLeast(threshold.fraction, base);
  return Math.floor(base / 2) + 1;
}

// atLeast is the least whole number that is a share of a base.
export const atLeast = (f: FractionJson, base: number): number => Math.ceil(base * (f.numerator ?? 0) / (f.denominator || 1));

// Quorum is one condition on who is there, by head.
export interface Quorum {
  // Constituency; empty: everyone with a vote.
  of: string;
  needed: number;
  there: number;
  all: number;
}

export function quorumOf(d: DecisionViewJson): Quorum[] {
  const q = d.charter?.rule?.quorum, voters = votersOf(d);
  const heads = (of: string): { there: number; all: number } => {
    const among = voters.filter((e) => of === "" || e.constituency === of);
    return { there: among.filter(here).length, all: among.length };
  };
  const least = Math.max(q?.count ?? 0, q?.fraction ? atLeast(q.fraction, voters.length) : 0);
  const list: Quorum[] = least > 0 ? [{ of: "", needed: least, ...heads("") }] : [];
  for (const [of, n] of Object.entries(q?.constituencies ?? {})) list.push({ of, needed: Number(n), ...heads(of) });
  for (const c of conditionsOf(d)) if (c.minPresent > 0) list.push({ of: c.of[0] ?? "", needed: c.minPresent, ...heads(c.of[0] ?? "") });
  return list;
}

// hundred says an exact fraction such as 5/16 in hundredths, rounded; what is more than nothing never shows as 0. Undefined when there is none.
export function hundred(fraction: string | undefined): number | undefined {
  const [over, under = "1"] = (fraction ?? "").split("/");
  if (!over) return undefined;
  const n = Number(over) / Number(under) * 100;
  return n > 0 && n < 1 ? Math.max(Number(n.toPrecision(1)), 0.01) : Math.round(n);
}
