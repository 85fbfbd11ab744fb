// What the client says: its own words (src/words) and the sentences of the Go catalogue that a reader can meet. Read by the build, and by the tests.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const languages = ["it", "en", "it-x-facile"];

// Areas of the Go catalogue that a reader of the record meets; the others are about commands, files and the inside of the house.
const areas = [
  "act", "area", "base", "bus", "catalogue", "choice", "constituency", "flag", "gateway", "kind", "method", "office", "outcome", "outcome_reason",
  "ratification", "reason", "remedy", "reply", "role", "round", "scope", "session_kind", "stage", "standing", "tie", "why",
];
const single = ["workspace/unknown", "initiative/unknown", "session/unknown", "decision/unknown", "decision/not-closed"];
// Refusals of these areas that only a program, or whoever installs Tavolo, can meet.
const inside = /^(bus\/(?!internal|timeout|unavailable)|gateway\/(command-id|content-type|cross-origin|listen|loopback-only|method-not-allowed|no-import|not-a-socket|unreadable))/;

const read = (path) => JSON.parse(readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8"));
// The client's own words lie in one folder a language, one file a part of the client.
const own = (language) => Object.assign({}, ...readdirSync(fileURLToPath(new URL(`src/words/${language}`, import.meta.url))).sort().map((file) => read(`src/words/${language}/${file}`)));
const catalogue = (language) =>
  Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`))
    .filter(([key]) => single.includes(key) || areas.includes(key.split("/")[0]) && !inside.test(key)));

// wordsOf gives all texts of a language; easy Italian falls back to Italian.
export function wordsOf(language) {
  const its = { ...catalogue(language), ...own(language) };
  return language === "it-x-facile" ? { ...wordsOf("it"), ...its } : its;
}

export const ownWordsOf = own;
