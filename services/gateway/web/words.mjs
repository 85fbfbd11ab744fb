// What the client says: its own words (src/words) and the sentences of the Go catalogue that a reader can meet. Read by the build, and by the tests.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const languages = ["it", "en", "it-x-facile"];

// Areas of the Go catalogue that a reader of the record meets; the others are about commands, files and the inside of the house.
const areas = [
  "act", "area", "base", "bus", "catalogue", "choice", "constituency", "flag", "gateway", "kind", "method", "office", "outcome", "outcome_reason",
  "ratification", "reason", "remedy", "reply", "role", "scope", "session_kind", "stage", "standing", "tie", "why",
];
const single = ["workspace/unknown", "initiative/unknown", "session/unknown", "decision/unknown", "decision/not-closed"];
// Refusals of these areas that only a program, or whoever installs Tavolo, can meet.
const inside = /^(bus\/(?!internal|timeout|unavailable)|gateway\/(command-id|content-type|cross-origin|listen|loopback-only|method-not-allowed|no-import|not-a-socket|unreadable))/;

// Refusals about a decision that whoever votes can meet; the others are for who writes a charter.
const voting = /^decision\/(absent|already-contested|ballot-without-choice|no-ballot|no-vote|not-asked|not-closed|not-contested|not-in-electorate|not-open|recused|too-late|unknown)$/;
// Files of words that are fetched later, with the part of the client that says them; with them go the refusals about charters.
const later = ["charter"];

const read = (path) => JSON.parse(readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8"));
// The client's own words lie in one folder a language, one file a part of the client.
const files = (language) => readdirSync(fileURLToPath(new URL(`src/words/${language}`, import.meta.url))).sort();
const isLater = (file) => later.includes(file.replace(".json", ""));
const ownIn = (language, wanted) => Object.assign({}, ...files(language).filter(wanted).map((file) => read(`src/words/${language}/${file}`)));
const own = (language) => ownIn(language, () => true);
const catalogue = (language) =>
  Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`))
    .filter(([key]) => single.includes(key) || voting.test(key) || areas.includes(key.split("/")[0]) && !inside.test(key)));

// wordsOf gives all texts of a language, "it+charter" those that are fetched later; easy Italian falls back to Italian.
export function wordsOf(name) {
  const [language, part] = name.split("+");
  const its = part
    ? { ...Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`)).filter(([key]) => /^decision\//.test(key) && !voting.test(key))), ...ownIn(language, (file) => file === `${part}.json`) }
    : { ...catalogue(language), ...ownIn(language, (file) => !isLater(file)) };
  return language === "it-x-facile" ? { ...wordsOf(name.replace("it-x-facile", "it")), ...its } : its;
}

export const ownWordsOf = own;
