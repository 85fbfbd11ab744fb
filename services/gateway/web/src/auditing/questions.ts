// The questions of decisions, by their full ids: what findings and figures point at is an id.
import { ask } from "../api";

// A few of them at a time would be more requests than all of them at once; what is not there is said by its id.
export async function questions(workspace: string, asOf: string | undefined, signal: AbortSignal): Promise<Map<string, string>> {
  const { decisions = [] } = await ask("RoleService/ListRoles", { workspace, who: "users:strict", ...asOf && { asOf } }, signal);
  return new Map(decisions.map((d) => [`${d.initiative}:${d.session}:${d.id}`, d.question ?? ""]));
}
