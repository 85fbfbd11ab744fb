// What the client says: its own words (src/words) and the sentences of the Go catalogue that a reader can meet. Read by the build, and by the tests.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const languages = ["it", "en", "it-x-facile"];

// Areas of the Go catalogue that a reader of the record meets; the others are about commands, files and the inside of the house.
const areas = [
  "account", "act", "area", "base", "bus", "catalogue", "choice", "constituency", "flag", "gateway", "kind", "method", "office", "outcome", "outcome_reason",
  "ratification", "reason", "remedy", "reply", "role", "scope", "session_kind", "stage", "standing", "tie", "why",
];
const single = ["workspace/unknown", "initiative/unknown", "session/unknown", "decision/unknown", "decision/not-closed"];
// Refusals of these areas that only a program, or whoever installs Tavolo, can meet.
const inside = /^(bus\/(?!internal|timeout|unavailable)|gateway\/(command-id|content-type|cross-origin|listen|loopback-only|method-not-allowed|no-import|not-a-socket|unreadable))/;

// Refusals that whoever takes part can meet, in voting and in the room, also on a line that breaks just then; the others come when they are met.
const voting = /^decision\/(absent|already-contested|ballot-without-choice|no-ballot|no-vote|not-asked|not-closed|not-contested|not-in-electorate|not-open|recused|too-late|unknown)$/;
const room = /^(item\/(amends-nothing|answers-nothing|floor-taken|no-such-contribution|not-on-any-agenda|not-speaking|not-their-words|too-long|turn-too-long|unknown)|session\/(closed|had-no-seat|not-closed|not-in-the-room|not-on-the-agenda|not-open))$/;

const read = (path) => JSON.parse(readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8"));
// The client's own words lie in one folder a language, one file a part of the client. Some parts come with the screens that say them, so that the
// meeting does not wait for them.
const files = (language) => readdirSync(fileURLToPath(new URL(`src/words/${language}`, import.meta.url))).sort();
export const partsApart = ["auditing", "charter", "entering", "following", "preparing", "refusals"];
const own = (language, keep = () => true) => Object.assign({}, ...files(language).filter((file) => keep(file.replace(".json", ""))).map((file) => read(`src/words/${language}/${file}`)));
// Refusals of a command, and what the parts behind the gateway say: fetched when the first of them is met. Areas that only a program meets are left out.
const refused = /^(capacity|command|decision|id|initiative|item|people|session|vault|workspace)\//;
const refusals = (language) => Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`)).filter(([key]) => refused.test(key) && !single.includes(key) && !voting.test(key) && !room.test(key)));
// What the feeds refuse, and why an address gets nothing any more: said where subscriptions are managed.
const ofFeeds = /^feeds\/(webhook-|webhooks-|label-|days-|scope-|replay-|unknown$)/;
const feeds = (language) => Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`)).filter(([key]) => ofFeeds.test(key)));
const catalogue = (language) =>
  Object.fromEntries(Object.entries(read(`../../../pkg/catalogue/${language}.json`))
    .filter(([key]) => single.includes(key) || voting.test(key) || room.test(key) || areas.includes(key.split("/")[0]) && !inside.test(key)));

const overItalian = (language, of) => language === "it-x-facile" ? { ...of("it"), ...of(language) } : of(language);

// wordsOf gives all texts of a language; easy Italian falls back to Italian.
export const wordsOf = (language) => overItalian(language, (l) => ({ ...catalogue(l), ...refusals(l), ...feeds(l), ...own(l) }));

// wordsApart gives those of one part, and without a part those that come at the start.
export const wordsApart = (language, part) => overItalian(language, (l) => part ? { ...(part === "refusals" ? refusals(l) : part === "following" ? feeds(l) : {}), ...own(l, (file) => file === part) } : { ...catalogue(l), ...own(l, (file) => !partsApart.includes(file)) });

export const ownWordsOf = own;
