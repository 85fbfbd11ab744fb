// What was said to an item, and how it hangs together: answers, amendments, what was taken up. Counts and links for people; nothing is decided here.
import type { ContributionViewJson } from "../gen/tavolo/api/v1/record_pb";

export type Said = ContributionViewJson;

export const numbered = (list: Said[], n: number | undefined): Said | undefined => n ? list.find((c) => c.number === n) : undefined;

// repliesTo gives the answers to a contribution, in order.
export const repliesTo = (list: Said[], c: Said): Said[] => list.filter((o) => o.answers === c.number);

// wantsReply: advice, proposals and objections are owed an answer that accepts, accepts in part or refuses; a question is owed any.
export const wantsReply = (c: Said): boolean => c.kind === "CONTRIBUTION_KIND_ADVICE" || c.kind === "CONTRIBUTION_KIND_PROPOSAL" || c.kind === "CONTRIBUTION_KIND_OBJECTION";

export const replied = (c: Said): boolean => c.reply === "REPLY_ACCEPTED" || c.reply === "REPLY_PARTLY" || c.reply === "REPLY_REFUSED";

// unanswered gives the advice that nobody has answered with a yes, in part or no.
export const unanswered = (list: Said[]): Said[] => list.filter((c) => c.kind === "CONTRIBUTION_KIND_ADVICE" && !repliesTo(list, c).some(replied));

// amendedBy gives the proposal that replaced one, if any: the latest.
export const amendedBy = (list: Said[], c: Said): Said | undefined => list.filter((o) => o.amends === c.number).at(-1);

// standing gives the proposals that no later one replaced.
export const standing = (list: Said[]): Said[] => list.filter((c) => c.kind === "CONTRIBUTION_KIND_PROPOSAL" && !amendedBy(list, c));
