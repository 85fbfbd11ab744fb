// A session that is going on, with a vote under way: prepared through the API as a facilitator would.
import { initiative, workspace } from "./tavolo.mjs";

export const session = `${initiative}:2026-06-11`, decision = `${session}:porta`, item = `${initiative}:porta`;

// prepareRoom opens a session with five people, an item and an open vote, and gives a voice to the first of them.
export async function prepareRoom(tavolo) {
  const { participants } = await tavolo.call("InitiativeService/GetInitiative", { workspace, initiative });
  const of = (ref) => participants.find((p) => p.ref === ref).participant;
  const seats = ["u1", "u2", "f1", "p1", "p2"].map((ref) => ({ participant: of(ref), ...(ref === "p1" ? { offices: ["OFFICE_FACILITATOR"] } : {}) }));
  await tavolo.call("SessionService/PrepareSession", { workspace, session, title: { clear: "Quinto incontro" }, kind: "SESSION_KIND_WORKING_GROUP" });
  await tavolo.call("SessionService/OpenSession", { workspace, session });
  await tavolo.call("SessionService/SeatParticipants", { workspace, session, seats });
  await tavolo.call("ItemService/ProposeItem", { workspace, item, title: { clear: "La porta sul retro" }, proposedBy: of("u1") });
  await tavolo.call("ItemService/AdmitItem", { workspace, item, reason: { clear: "Riguarda tutti." } });
  await tavolo.call("SessionService/SetAgenda", { workspace, session, items: [item] });
  await tavolo.call("DecisionService/PoseDecision", { workspace, decision, item, question: { clear: "Tenere aperta la porta sul retro?" } });
  await tavolo.call("DecisionService/WriteCharter", {
    workspace, decision,
    charter: { rule: { method: "METHOD_MAJORITY", threshold: { fraction: { numerator: 2, denominator: 3 } }, base: "BASE_MEMBERS", tie: "TIE_STATUS_QUO", quorum: { count: 3 }, veto: [of("u2")] }, ratification: "RATIFICATION_NONE", roleAsked: "ROLE_DECISIVE" },
  });
  await tavolo.call("DecisionService/OpenVoting", {
    workspace, decision,
    electors: seats.map(({ participant }) => ({ participant, standing: "STANDING_BINDING_VOTE", weight: "1", present: true })),
  });
  return {
    people: seats.map((s) => s.participant),
    say: (text) => tavolo.call("ItemService/RecordContributions", {
      workspace, item, session, contributions: [{ by: of("u1"), kind: "CONTRIBUTION_KIND_STATEMENT", seconds: 20, text: { clear: text } }],
    }),
  };
}

// vote has everybody vote for it and closes the vote.
export async function vote(tavolo, { people }) {
  await tavolo.call("DecisionService/CastBallots", { workspace, decision, ballots: people.map((participant) => ({ participant, choice: "CHOICE_FOR" })) });
  await tavolo.call("DecisionService/CloseVoting", { workspace, decision });
}
