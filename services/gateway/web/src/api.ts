// Questions to the gateway: Connect as plain JSON. The types are those of the contract (src/gen); nothing of them is left in the browser.
import { useEffect, useState } from "preact/hooks";
import type {
  DecisionViewJson, GetDecisionRequestJson, GetInitiativeRequestJson, GetSessionRequestJson, InitiativeViewJson, ListWorkspacesRequestJson,
  ListWorkspacesResponseJson, SessionViewJson,
} from "./gen/tavolo/api/v1/record_pb";
import type {
  ListRolesRequestJson, ListRolesResponseJson, SummariseRolesRequestJson, SummariseRolesResponseJson, WhyRequestJson, WhyResponseJson,
} from "./gen/tavolo/api/v1/roles_pb";
import { type Arguments, type Message, has } from "./words";

interface Questions {
  "WorkspaceService/ListWorkspaces": [ListWorkspacesRequestJson, ListWorkspacesResponseJson];
  "InitiativeService/GetInitiative": [GetInitiativeRequestJson, InitiativeViewJson];
  "SessionService/GetSession": [GetSessionRequestJson, SessionViewJson];
  "DecisionService/GetDecision": [GetDecisionRequestJson, DecisionViewJson];
  "RoleService/ListRoles": [ListRolesRequestJson, ListRolesResponseJson];
  "RoleService/Why": [WhyRequestJson, WhyResponseJson];
  "RoleService/SummariseRoles": [SummariseRolesRequestJson, SummariseRolesResponseJson];
}
export type Question = keyof Questions;
export type Asks<Q extends Question> = Questions[Q][0];
export type Answers<Q extends Question> = Questions[Q][1];

// How long an answer is waited for, in milliseconds. The gateway itself gives up earlier and says so.
const patience = 20_000;

// Refusal is an error that can be shown: what happened and what to do, as a message.
export class Refusal extends Error {
  constructor(readonly says: Message, readonly code = "") {
    super(says.key);
  }
}

// refusalOf finds the words for an error of the gateway.
export function refusalOf(code: string, args: Arguments = {}): Refusal {
  return has(code) ? new Refusal({ key: code, with: args }, code) : new Refusal({ key: "web/error-other", with: { code: code || "?" } }, code);
}

interface ErrorBody {
  details?: { debug?: { code?: string; args?: Arguments } }[];
}

// ask puts a question. It throws a Refusal, or an AbortError when the signal says that nobody waits any more.
export async function ask<Q extends Question>(question: Q, request: Asks<Q>, signal?: AbortSignal): Promise<Answers<Q>> {
  const stop = new AbortController(), end = () => stop.abort();
  signal?.addEventListener("abort", end);
  const limit = setTimeout(end, patience);
  let response: Response;
  try {
    response = await fetch(`/tavolo.api.v1.${question}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request), signal: stop.signal,
    });
    if (response.ok) return await response.json() as Answers<Q>;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Refusal({ key: "web/error-network" });
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", end);
  }
  const body = await response.json().catch(() => ({})) as ErrorBody;
  throw refusalOf(response.headers.get("Tavolo-Code") ?? "", body.details?.[0]?.debug?.args);
}

// Asked is the state of a question on a screen.
export interface Asked<T> {
  data?: T | undefined;
  problem?: Refusal | undefined;
  again: () => void;
}

// useAsked puts a question when the screen opens and whenever what `key` says changes; what is known stays while a newer answer is awaited.
export function useAsked<T>(key: string, put: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, set] = useState<{ key: string; data?: T; problem?: Refusal }>({ key });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    put(stop.signal).then(
      (data) => stop.signal.aborted || set({ key, data }),
      (cause: unknown) => stop.signal.aborted || set({ key, problem: cause instanceof Refusal ? cause : new Refusal({ key: "web/error-other", with: { code: String(cause) } }) }),
    );
    return () => stop.abort();
  }, [key, tries]);
  const again = () => { set({ key }); setTries(tries + 1); };
  return { data: state.data, problem: state.problem, again };
}
