// The questions of decisions and the titles of items, by their full ids: what findings and figures point at is an id.
import { ask } from "../api";
import { initiativeOf } from "../route";

// A few of them at a time would be more requests than all of them at once; what is not there is said by its id.
export async function questions(workspace: string, asOf: string | undefined, signal: AbortSignal): Promise<Map<string, string>> {
  const { decisions = [] } = await ask("RoleService/ListRoles", { workspace, who: "users:strict", ...asOf && { asOf } }, signal);
  return new Map(decisions.map((d) => [`${d.initiative}:${d.session}:${d.id}`, d.question ?? ""]));
}

export interface Refused { title: string; reason: string }

// refusedItems tells what items were called that were kept off the agenda, and why.
export async function refusedItems(workspace: string, ids: string[], signal: AbortSignal): Promise<Map<string, Refused>> {
  const homes = await Promise.all([...new Set(ids.map(initiativeOf))].map((initiative) => ask("InitiativeService/GetInitiative", { workspace, initiative }, signal)));
  return new Map(homes.flatMap((i) => i.items ?? []).filter((i) => ids.includes(i.id ?? "")).map((i) => [i.id ?? "", { title: i.title ?? "", reason: i.reason ?? "" }]));
}
