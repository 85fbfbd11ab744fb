// Who is at this device, and what they may do. The gateway decides; this only keeps buttons away that would be refused.
import { signal } from "@preact/signals";
import { ask } from "./api";
import type { MembershipJson, MeViewJson } from "./gen/tavolo/api/v1/account_pb";

// me is undefined until the first answer; without an account nobody is signed in.
export const me = signal<MeViewJson | undefined>(undefined);

// signedIn tells whether somebody is.
export const signedIn = (): boolean => Boolean(me.value?.account);

// recognise asks who is here.
export async function recognise(): Promise<void> {
  me.value = await ask("AccountService/GetMe", {});
}

const rising = ["GRANT_READ", "GRANT_TAKE_PART", "GRANT_FACILITATE", "GRANT_ADMINISTER"] as const;
export type Grant = typeof rising[number];

// membership gives what the person here may do in an initiative, by an own membership or one of the whole workspace; the seat comes from the first.
export function membership(workspace: string, initiative: string): MembershipJson | undefined {
  const of = (me.value?.memberships ?? []).filter((m) => m.workspace === workspace && (!m.initiative || m.initiative === initiative));
  const own = of.find((m) => m.initiative === initiative), whole = of.find((m) => !m.initiative);
  if (!own || !whole) return own ?? whole;
  return rank(whole) > rank(own) ? { ...own, grant: whole.grant! } : own;
}

const rank = (m: MembershipJson): number => rising.indexOf(String(m.grant) as Grant);

// may tells whether the person here has a grant in an initiative; each grant includes those before it.
export const may = (grant: Grant, workspace: string, initiative: string): boolean => {
  if (me.value?.administers) return true;
  const m = membership(workspace, initiative);
  return m !== undefined && rank(m) >= rising.indexOf(grant);
};

// seat gives the pseudonym of the person here in an initiative. Undefined: no seat.
export const seat = (workspace: string, initiative: string): string | undefined => membership(workspace, initiative)?.participant || undefined;
