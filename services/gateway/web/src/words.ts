// The words on the screen. Every visible word comes from a catalogue by its key; what is stored or passed on is a Message (key and arguments), never
// a text, so that a notice that is on the screen changes with the language.
//
// Texts have the form of go-i18n: a text, or {one, other} where a count changes it; the count is the first argument named in "other".
import { signal } from "@preact/signals";
import type auditing from "./words/it/auditing.json";
import type charter from "./words/it/charter.json";
import type deciding from "./words/it/deciding.json";
import type following from "./words/it/following.json";
import type frame from "./words/it/frame.json";
import type entering from "./words/it/entering.json";
import type meeting from "./words/it/meeting.json";
import type preparing from "./words/it/preparing.json";
import type reading from "./words/it/reading.json";
import type catalogue from "../../../../pkg/catalogue/it.json";

export type Language = "it" | "en" | "it-x-facile";
export const languages: readonly Language[] = ["it", "en", "it-x-facile"];

export type Key = keyof typeof reading | keyof typeof frame | keyof typeof entering | keyof typeof preparing | keyof typeof meeting | keyof typeof deciding | keyof typeof charter | keyof typeof auditing | keyof typeof following | keyof typeof catalogue;
export type Arguments = Record<string, string | number>;
export type Text = string | { one?: string; other: string };
export type Texts = Record<string, Text>;

// Message is something to say, in whatever language is chosen when it is shown.
export interface Message {
  key: Key;
  with?: Arguments | undefined;
}

// The language that is shown, with its texts. Both change in one step.
export const spoken = signal<{ language: Language; texts: Texts }>({ language: "it", texts: {} });

// Texts that every screen may need, and those of parts that come with the screens that say them.
type Load = Record<Language, () => Promise<{ default: Texts }>>;
const base: Load = { it: () => import("words:it"), en: () => import("words:en"), "it-x-facile": () => import("words:it-x-facile") };
const parts = {
  entering: { it: () => import("words:it/entering"), en: () => import("words:en/entering"), "it-x-facile": () => import("words:it-x-facile/entering") },
  refusals: { it: () => import("words:it/refusals"), en: () => import("words:en/refusals"), "it-x-facile": () => import("words:it-x-facile/refusals") },
  preparing: { it: () => import("words:it/preparing"), en: () => import("words:en/preparing"), "it-x-facile": () => import("words:it-x-facile/preparing") },
  charter: { it: () => import("words:it/charter"), en: () => import("words:en/charter"), "it-x-facile": () => import("words:it-x-facile/charter") },
  following: { it: () => import("words:it/following"), en: () => import("words:en/following"), "it-x-facile": () => import("words:it-x-facile/following") },
  auditing: { it: () => import("words:it/auditing"), en: () => import("words:en/auditing"), "it-x-facile": () => import("words:it-x-facile/auditing") },
} satisfies Record<string, Load>;
export type Part = keyof typeof parts;

// Parts that some screen has wanted since the page was loaded.
const wanted = new Set<Part>();

// withWords gives a file of the client once the words that it says are here.
export async function withWords<M>(file: Promise<M>, ...of: Part[]): Promise<M> {
  for (const part of of) wanted.add(part);
  const { language } = spoken.value, more = await Promise.all(of.map((part) => parts[part][language]()));
  if (spoken.value.language !== language) return withWords(file, ...of); // it was changed meanwhile, perhaps before these were wanted
  if (more.some((m) => !has(Object.keys(m.default)[0]!))) {
    spoken.value = { language, texts: Object.assign({}, spoken.value.texts, ...more.map((m) => m.default)) as Texts };
  }
  return file;
}

const remembered = "tavolo-language", year = 365 * 24 * 60 * 60;

// chosen gives the language chosen on an earlier visit, else Italian.
export function chosen(): Language {
  try {
    const kept = localStorage.getItem(remembered);
    return languages.find((l) => l === kept) ?? "it";
  } catch {
    return "it"; // a browser that keeps nothing
  }
}

// The language that was asked for last: files may come in another order than they were asked for.
let asked: Language | undefined;

// speak changes the language, here and for the next visit.
export async function speak(language: Language): Promise<void> {
  asked = language;
  const all = await Promise.all([base[language](), ...[...wanted].map((part) => parts[part][language]())]);
  if (asked !== language) return;
  if (all.length <= wanted.size) return speak(language); // a part was wanted meanwhile
  spoken.value = { language, texts: Object.assign({}, ...all.map((m) => m.default)) as Texts };
  document.documentElement.lang = language;
  // The pages that need no script (minutes, ballots) speak the same language, and the next visit's page names this language's files.
  document.cookie = `${remembered}=${language}; Path=/; Max-Age=${year}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  try {
    localStorage.setItem(remembered, language);
    document.cookie = `${remembered}=${language}; path=/; max-age=31536000; samesite=lax`; // for the pages that need no JavaScript
  } catch {
    // not kept; it holds for this visit
  }
}

const argument = /\{\{\.([a-z_]+)\}\}/g;

// render fills a text with its arguments; one that is not given shows as an ellipsis.
export function render(text: Text, language: Language, args: Arguments = {}): string {
  let form: string;
  if (typeof text === "string") {
    form = text;
  } else {
    const counted = /\{\{\.([a-z_]+)\}\}/.exec(text.other)?.[1] ?? "";
    const plural = new Intl.PluralRules(language).select(Number(args[counted]));
    form = (plural === "one" ? text.one : undefined) ?? text.other;
  }
  return form.replace(argument, (_, name: string) => {
    const value = args[name];
    return value === undefined ? "…" : typeof value === "number" ? number(value, language) : value;
  });
}

// t says a key in the language that is shown.
export function t(key: Key, args?: Arguments): string {
  const { language, texts } = spoken.value;
  const text = texts[key] ?? texts["catalogue/missing"];
  return text === undefined ? key : render(text, language, texts[key] === undefined ? { code: key } : args);
}

export const say = (message: Message): string => t(message.key, message.with);

// has tells whether there are words for a key that came from outside.
export const has = (key: string): key is Key => spoken.value.texts[key] !== undefined;

// The code lists of the contract, and the prefix that protobuf gives their values.
const lists = {
  act: "ACT_KIND_", area: "AREA_", base: "BASE_", choice: "CHOICE_", kind: "CONTRIBUTION_KIND_", method: "METHOD_", office: "OFFICE_",
  outcome: "OUTCOME_", outcome_reason: "OUTCOME_REASON_", ratification: "RATIFICATION_", reply: "REPLY_", role: "ROLE_", scope: "SCOPE_",
  session_kind: "SESSION_KIND_", stage: "STAGE_", standing: "STANDING_", tie: "TIE_",
  phase: "", // the client's own words: phases of session, item and decision
} as const;

// label says a value of a code list, such as METHOD_MAJORITY of "method". Undefined when it is not stated.
export function label(list: keyof typeof lists, value: string | number | undefined): string | undefined {
  if (typeof value !== "string" || value.endsWith("_UNSPECIFIED")) return undefined;
  if (list === "phase") return t(`web/${value.toLowerCase().replaceAll("_", "-")}` as Key);
  const prefix = lists[list];
  const code = (value.startsWith(prefix) ? value.slice(prefix.length) : value).toLowerCase();
  return t(`${list}/${code}` as Key);
}

// constituency says whom somebody sits for; a code that a department added is shown as it is.
export function constituency(code: string | undefined): string {
  if (!code) return t("constituency/undeclared");
  const key = `constituency/${code}`;
  return has(key) ? t(key) : code;
}

// The meetings are in Italy, and so are their clocks. Whoever reads English there reads the day before the month.
const zone = "Europe/Rome", region = (language: Language): string => language === "en" ? "en-GB" : language;

export const number = (n: number, language: Language = spoken.value.language, digits = 2): string =>
  new Intl.NumberFormat(region(language), { maximumFractionDigits: digits }).format(n);

export const list = (parts: string[]): string => new Intl.ListFormat(region(spoken.value.language), { type: "conjunction" }).format(parts);

export const day = (moment: string): string =>
  new Intl.DateTimeFormat(region(spoken.value.language), { dateStyle: "long", timeZone: moment.length === 10 ? "UTC" : zone }).format(new Date(moment));

export const dayAndTime = (moment: string): string =>
  new Intl.DateTimeFormat(region(spoken.value.language), { dateStyle: "long", timeStyle: "short", timeZone: zone }).format(new Date(moment));

export const time = (moment: string): string =>
  new Intl.DateTimeFormat(region(spoken.value.language), { timeStyle: "short", timeZone: zone }).format(new Date(moment));

// duration says seconds as minutes and seconds.
export function duration(seconds: number): string {
  const unit = (n: number, unit: "minute" | "second") =>
    new Intl.NumberFormat(region(spoken.value.language), { style: "unit", unit, unitDisplay: "short" }).format(n);
  const minutes = Math.floor(seconds / 60), rest = seconds % 60;
  return [minutes > 0 ? unit(minutes, "minute") : "", rest > 0 || minutes === 0 ? unit(rest, "second") : ""].filter(Boolean).join(" ");
}
