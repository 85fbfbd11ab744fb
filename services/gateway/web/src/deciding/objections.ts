// Reasoned objections, as the acts and amendments of a decision tell them.
import type { DecisionViewJson } from "../gen/tavolo/api/v1/record_pb";

export interface Objection {
  // Whose, as a pseudonym.
  by: string;
  // Who said it, when that was somebody else.
  said?: string;
  reason: string;
  at: string;
  state: "standing" | "integrated" | "withdrawn" | "dismissed";
}

const ends: Record<string, Objection["state"]> = {
  ACT_KIND_OBJECTION_INTEGRATED: "integrated", ACT_KIND_OBJECTION_WITHDRAWN: "withdrawn", ACT_KIND_OBJECTION_DISMISSED: "dismissed",
};

// objectionsOf lists them, oldest first. What settles one settles the last that this person raised; an amendment that names them integrates it.
export function objectionsOf(d: DecisionViewJson): Objection[] {
  const list: Objection[] = [];
  const settle = (by: string, state: Objection["state"]) => {
    const last = list.findLast((o) => o.by === by && o.state === "standing");
    if (last) last.state = state;
  };
  const steps = [
    ...(d.acts ?? []).map((a) => ({ sequence: Number(a.sequence ?? 0), kind: String(a.act?.kind), by: a.act?.objector ?? "", said: a.act?.by ?? "", reason: a.reason ?? "", at: a.at ?? "" })),
    ...(d.amendments ?? []).filter((a) => a.objector).map((a) => ({ sequence: Number(a.sequence ?? 0), kind: "ACT_KIND_OBJECTION_INTEGRATED", by: a.objector!, said: "", reason: "", at: a.at ?? "" })),
  ].sort((a, b) => a.sequence - b.sequence);
  for (const s of steps) {
    if (s.kind === "ACT_KIND_OBJECTION_RAISED") {
      settle(s.by, "withdrawn"); // said anew, in other words
      list.push({ by: s.by, ...(s.said && s.said !== s.by ? { said: s.said } : {}), reason: s.reason, at: s.at, state: "standing" });
    } else if (ends[s.kind]) settle(s.by, ends[s.kind]!);
  }
  return list;
}

export const standing = (d: DecisionViewJson): Objection[] => objectionsOf(d).filter((o) => o.state === "standing");
