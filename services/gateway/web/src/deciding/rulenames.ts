// The rules of the guided choice: what each is called, what it means in a sentence, and what it is good for.
import type { Key } from "../words";
import type { RuleChoice } from "./plan";

export const ruleNames: Record<RuleChoice, Key> = {
  simple: "web/rule-simple", absolute: "web/rule-absolute", qualified: "web/rule-qualified", unanimity: "web/rule-unanimity", consensus: "web/rule-consensus", consent: "web/rule-consent",
  double: "web/rule-double", ours: "web/rule-ours", users: "web/rule-users", advisory: "web/rule-advisory", written: "web/rule-written",
};

export const ruleWhats: Record<RuleChoice, Key> = {
  simple: "web/rule-simple-what", absolute: "web/rule-absolute-what", qualified: "web/rule-qualified-what", unanimity: "web/rule-unanimity-what", consensus: "web/rule-consensus-what",
  consent: "web/rule-consent-what", double: "web/rule-double-what", ours: "web/rule-ours-what", users: "web/rule-users-what", advisory: "web/rule-advisory-what", written: "web/rule-written-what",
};
