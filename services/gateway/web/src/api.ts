// Questions to the gateway: Connect as plain JSON. The types are those of the contract (src/gen); nothing of them is left in the browser.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type {
  BecomeParticipantRequestJson, EnterRequestJson, GetMeRequestJson, InvitationMadeJson, InvitationViewJson, InviteRequestJson, ListDevicesRequestJson,
  ListDevicesResponseJson, ListGrantsRequestJson, ListGrantsResponseJson, ListInvitationsRequestJson, ListInvitationsResponseJson,
  LookAtInvitationRequestJson, MeViewJson, RenameRequestJson, RevokeInvitationRequestJson, SetGrantRequestJson, SignOutRequestJson,
  SwitchPersonRequestJson,
} from "./gen/tavolo/api/v1/account_pb";
import type {
  GetFiguresRequestJson, GetFiguresResponseJson, GetSignalsRequestJson, GetSignalsResponseJson, GetTable3RequestJson, GetTable3ResponseJson, ListFindingsRequestJson, ListFindingsResponseJson, ListRoleLedgerRequestJson,
  ListRoleLedgerResponseJson, ListTrendsRequestJson, ListTrendsResponseJson,
} from "./gen/tavolo/api/v1/evidence_pb";
import type {
  AddWebhookRequestJson, CreateSubscriptionRequestJson, EnableWebhookRequestJson, EndWebhookRequestJson, EndWebhookResponseJson, ListDeadLettersRequestJson, ListSubscriptionsRequestJson, ListSubscriptionsResponseJson, ReplayDeadLettersRequestJson,
  RevokeSubscriptionRequestJson, SubscriptionMadeJson, TestWebhookRequestJson,
} from "./gen/tavolo/api/v1/feed_pb";
import type {
  DecisionViewJson, GetDecisionRequestJson, GetInitiativeRequestJson, GetOwnBallotsRequestJson, GetOwnBallotsResponseJson, GetSessionRequestJson, GetTutoringRequestJson, GetTutoringResponseJson, InitiativeViewJson, ListContributionsRequestJson,
  ListContributionsResponseJson, ListWorkspacesRequestJson, ListWorkspacesResponseJson, SessionViewJson,
} from "./gen/tavolo/api/v1/record_pb";
import type {
  PowerRequestJson, PowerResponseJson, ListRolesRequestJson, ListRolesResponseJson, SummariseRolesRequestJson, SummariseRolesResponseJson, WhyRequestJson, WhyResponseJson,
} from "./gen/tavolo/api/v1/roles_pb";
import type { DeadLettersResponseJson, ReplayResponseJson, SubscriptionJson, WebhookAddedJson, WebhookJson, WebhookTestedJson } from "./gen/tavolo/feed/v1/subscription_pb";
import type * as command from "./gen/tavolo/command/v1/command_pb";
import { uuid } from "./uuid";
import { type Arguments, type Message, has, withWords } from "./words";

interface Questions {
  "AccountService/GetMe": [GetMeRequestJson, MeViewJson];
  "AccountService/LookAtInvitation": [LookAtInvitationRequestJson, InvitationViewJson];
  "AccountService/Enter": [EnterRequestJson, MeViewJson];
  "AccountService/BecomeParticipant": [BecomeParticipantRequestJson, MeViewJson];
  "AccountService/Rename": [RenameRequestJson, MeViewJson];
  "AccountService/SwitchPerson": [SwitchPersonRequestJson, MeViewJson];
  "AccountService/SignOut": [SignOutRequestJson, MeViewJson];
  "AccountService/ListDevices": [ListDevicesRequestJson, ListDevicesResponseJson];
  "AccountService/Invite": [InviteRequestJson, InvitationMadeJson];
  "AccountService/ListInvitations": [ListInvitationsRequestJson, ListInvitationsResponseJson];
  "AccountService/RevokeInvitation": [RevokeInvitationRequestJson, ListInvitationsResponseJson];
  "AccountService/ListGrants": [ListGrantsRequestJson, ListGrantsResponseJson];
  "AccountService/SetGrant": [SetGrantRequestJson, ListGrantsResponseJson];
  "DecisionService/GetOwnBallots": [GetOwnBallotsRequestJson, GetOwnBallotsResponseJson];
  "RoleService/Power": [PowerRequestJson, PowerResponseJson];
  "WorkspaceService/ListWorkspaces": [ListWorkspacesRequestJson, ListWorkspacesResponseJson];
  "InitiativeService/GetInitiative": [GetInitiativeRequestJson, InitiativeViewJson];
  "InitiativeService/GetTutoring": [GetTutoringRequestJson, GetTutoringResponseJson];
  "SessionService/GetSession": [GetSessionRequestJson, SessionViewJson];
  "ItemService/ListContributions": [ListContributionsRequestJson, ListContributionsResponseJson];
  "DecisionService/GetDecision": [GetDecisionRequestJson, DecisionViewJson];
  "RoleService/ListRoles": [ListRolesRequestJson, ListRolesResponseJson];
  "RoleService/Why": [WhyRequestJson, WhyResponseJson];
  "EvidenceService/ListRoleLedger": [ListRoleLedgerRequestJson, ListRoleLedgerResponseJson];
  "EvidenceService/GetTable3": [GetTable3RequestJson, GetTable3ResponseJson];
  "EvidenceService/ListFindings": [ListFindingsRequestJson, ListFindingsResponseJson];
  "EvidenceService/GetFigures": [GetFiguresRequestJson, GetFiguresResponseJson];
  "EvidenceService/ListTrends": [ListTrendsRequestJson, ListTrendsResponseJson];
  "FeedService/CreateSubscription": [CreateSubscriptionRequestJson, SubscriptionMadeJson];
  "FeedService/ListSubscriptions": [ListSubscriptionsRequestJson, ListSubscriptionsResponseJson];
  "FeedService/RevokeSubscription": [RevokeSubscriptionRequestJson, SubscriptionJson];
  "FeedService/AddWebhook": [AddWebhookRequestJson, WebhookAddedJson];
  "FeedService/TestWebhook": [TestWebhookRequestJson, WebhookTestedJson];
  "FeedService/EnableWebhook": [EnableWebhookRequestJson, WebhookJson];
  "FeedService/EndWebhook": [EndWebhookRequestJson, EndWebhookResponseJson];
  "FeedService/ListDeadLetters": [ListDeadLettersRequestJson, DeadLettersResponseJson];
  "FeedService/ReplayDeadLetters": [ReplayDeadLettersRequestJson, ReplayResponseJson];
  "EvidenceService/GetSignals": [GetSignalsRequestJson, GetSignalsResponseJson];
  "RoleService/SummariseRoles": [SummariseRolesRequestJson, SummariseRolesResponseJson];
}
export type Question = keyof Questions;
export type Asks<Q extends Question> = Questions[Q][0];
export type Answers<Q extends Question> = Questions[Q][1];

// The commands that this client sends, each answered by a receipt once it is in the log.
export interface Commands {
  "WorkspaceService/FoundWorkspace": command.FoundWorkspaceJson;
  "WorkspaceService/DescribeWorkspace": command.DescribeWorkspaceJson;
  "InitiativeService/OpenInitiative": command.OpenInitiativeJson;
  "InitiativeService/DescribeInitiative": command.DescribeInitiativeJson;
  "InitiativeService/EnrolParticipants": command.EnrolParticipantsJson;
  "InitiativeService/DeclareCapacity": command.DeclareCapacityJson;
  "InitiativeService/NameParticipant": command.NameParticipantJson;
  "InitiativeService/StateConsents": command.StateConsentsJson;
  "InitiativeService/ReportUnloggedDecision": command.ReportUnloggedDecisionJson;
  "InitiativeService/ChooseTutor": command.ChooseTutorJson;
  "InitiativeService/SetPublication": command.SetPublicationJson;
  "SessionService/PrepareSession": command.PrepareSessionJson;
  "SessionService/DescribeSession": command.DescribeSessionJson;
  "SessionService/OpenSession": command.OpenSessionJson;
  "SessionService/SeatParticipants": command.SeatParticipantsJson;
  "SessionService/UnseatParticipant": command.UnseatParticipantJson;
  "SessionService/SetAgenda": command.SetAgendaJson;
  "SessionService/SetCurrentItem": command.SetCurrentItemJson;
  "SessionService/PauseSession": command.PauseSessionJson;
  "SessionService/ResumeSession": command.ResumeSessionJson;
  "SessionService/ApproveMinutes": command.ApproveMinutesJson;
  "SessionService/CloseSession": command.CloseSessionJson;
  "ItemService/ProposeItem": command.ProposeItemJson;
  "ItemService/AdmitItem": command.AdmitItemJson;
  "ItemService/RefuseItem": command.RefuseItemJson;
  "ItemService/WithdrawItem": command.WithdrawItemJson;
  "ItemService/DescribeItem": command.DescribeItemJson;
  "ItemService/RecordContributions": command.RecordContributionsJson;
  "ItemService/LinkAttachment": command.LinkAttachmentJson;
  "ItemService/RemoveAttachment": command.RemoveAttachmentJson;
  "ItemService/RaiseHand": command.RaiseHandJson;
  "ItemService/LowerHand": command.LowerHandJson;
  "ItemService/GiveFloor": command.GiveFloorJson;
  "ItemService/ReturnFloor": command.ReturnFloorJson;
  "ItemService/WordContribution": command.WordContributionJson;
  "DecisionService/PoseDecision": command.PoseDecisionJson;
  "DecisionService/WriteCharter": command.WriteCharterJson;
  "DecisionService/OpenVoting": command.OpenVotingJson;
  "DecisionService/NotePresence": command.NotePresenceJson;
  "DecisionService/CastBallots": command.CastBallotsJson;
  "DecisionService/GiveAdvice": command.GiveAdviceJson;
  "DecisionService/ClaimConsensus": command.ClaimConsensusJson;
  "DecisionService/CloseVoting": command.CloseVotingJson;
  "DecisionService/RecordAct": command.RecordActJson;
  "DecisionService/StrikeDecision": command.StrikeDecisionJson;
  "DecisionService/ContestMinutes": command.ContestMinutesJson;
  "DecisionService/SettleDispute": command.SettleDisputeJson;
  "DecisionService/BeginRound": command.BeginRoundJson;
  "DecisionService/AmendProposal": command.AmendProposalJson;
}
export type Command = keyof Commands;

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
  const same = `${question} ${JSON.stringify(request)}`, answer = early.get(same) ?? post(question, request, {}, signal);
  early.delete(same);
  return await answer as Answers<Q>;
}

// Questions of the first screen that were put before the screen is there, each for one asker.
const early = new Map<string, Promise<unknown>>();

// What the page brought with it: answers of the gateway to who opened it, by the address of the question. Each is used once, for later it would be old.
const brought = (): Record<string, unknown> => JSON.parse(document.getElementById("answers")?.textContent ?? "{}") as Record<string, unknown>;

// askEarly sees to questions that the first screen is going to ask, so that their answers are there together with the screen: they came with the page, or they
// are put now. A refusal is not kept: what was refused to nobody may be told to whoever signs in.
export function askEarly(questions: Partial<{ [Q in Question]: Asks<Q> }>): void {
  const answers = brought();
  for (const [question, request] of Object.entries(questions)) {
    const same = `${question} ${JSON.stringify(request)}`, known = answers[pathOf(question)], answer = known ? Promise.resolve(known) : post(question, request, {});
    early.set(same, answer);
    answer.catch(() => early.delete(same));
  }
}

const pathOf = (method: string): string => `/tavolo.api.v1.${method}`;

// Commands that nobody knows the fate of, with the ids they were sent under.
const unsure = new Map<string, string>();

// tell sends a command and waits until it is in the log. It throws a Refusal; "web/error-network" means that nobody knows whether it arrived: the same
// command, sent again, then goes under the same id and counts once.
export async function tell<C extends Command>(name: C, request: Commands[C], id?: string): Promise<command.ReceiptJson> {
  const same = `${name} ${JSON.stringify(request)}`, sent = id ?? unsure.get(same) ?? uuid();
  unsure.set(same, sent);
  try {
    const receipt = await post(name, request as object, { "Tavolo-Command-Id": sent }) as command.ReceiptJson;
    unsure.delete(same);
    return receipt;
  } catch (cause) {
    if (cause instanceof Refusal && cause.says.key === "web/error-network") throw cause;
    unsure.delete(same);
    throw cause;
  }
}

// Times that something was refused because nobody is signed in here.
export const signedOut = signal(0);

async function post(method: string, request: object, headers: Record<string, string>, signal?: AbortSignal): Promise<unknown> {
  const stop = new AbortController(), end = () => stop.abort();
  signal?.addEventListener("abort", end);
  const limit = setTimeout(end, patience);
  let response: Response;
  try {
    response = await fetch(pathOf(method), {
      method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(request), signal: stop.signal,
    });
    if (response.ok) return await response.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Refusal({ key: "web/error-network" });
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", end);
  }
  const body = await response.json().catch(() => ({})) as ErrorBody;
  const code = response.headers.get("Tavolo-Code") ?? "";
  if (code === "account/signed-out") signedOut.value++;
  if (code && !has(code)) await withWords(Promise.resolve(), "refusals").catch(() => {}); // most never meet these, so their sentences come only now
  throw refusalOf(code, body.details?.[0]?.debug?.args);
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
