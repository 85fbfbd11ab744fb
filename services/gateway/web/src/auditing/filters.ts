// What an evaluator looks at: a period, whose role, which decisions. It stands in the address, so that what is seen can be kept, sent on and gone back to.
// Days are in UTC, as in the files and in the report, and both of them are included.
import type { EvidencePeriodJson, ListRoleLedgerRequestJson } from "../gen/tavolo/api/v1/evidence_pb";

export interface Filters {
  from: string;
  to: string;
  // The record as it stood at the end of this day.
  as_of: string;
  who: string;
  initiative: string;
  scope: string;
  area: string;
  stage: string;
  kind: string;
  // Of the ledger and of lists of departments: one role, or all that is counted, or what is left out.
  role: string;
  // Of the ledger alone: persons too, the page (from 0).
  persons: string;
  page: string;
  // Of the ledger and its quarters: one session, by its full id.
  session: string;
  // Of the table alone: departments, and the territory that they are chosen from (places.ts).
  ws: string;
  place: string;
}

export const none: Filters = { from: "", to: "", as_of: "", who: "", initiative: "", scope: "", area: "", stage: "", kind: "", role: "", persons: "", page: "", session: "", ws: "", place: "" };
const names = Object.keys(none) as (keyof Filters)[];

const day = /^\d{4}-\d{2}-\d{2}$/, code = /^[A-Z_]{1,60}$/;
const forms: Partial<Record<keyof Filters, RegExp>> = {
  from: day, to: day, as_of: day, who: /^users:(strict|broad)$/, scope: code, area: code, stage: code, kind: code, role: /^(decisive|consultative|none|other|counted|left_out)$/, persons: /^1$/, page: /^\d{1,6}$/,
  place: /^(region\/(\d\d|unknown)|(?!region\/)[a-z][a-z0-9_-]*\/[a-z][a-z0-9_-]*)$/,
};

// read takes from an address what is a filter; what is none is left out.
export function read(query: string): Filters {
  const given = new URLSearchParams(query), out = { ...none };
  for (const name of names) {
    const value = given.get(name) ?? "";
    if (value && (forms[name]?.test(value) ?? value.length < 2000) && (forms[name] !== day || isDay(value))) out[name] = value;
  }
  return out;
}

const isDay = (text: string): boolean => day.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

// write gives the query of an address, "" when nothing is chosen. Which names a page knows is its own business.
export function write(f: Partial<Filters>): string {
  const q = new URLSearchParams();
  for (const name of names) if (f[name]) q.set(name, f[name]);
  const text = q.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text && `?${text}`;
}

// spans are the filters that hold for whole departments too.
export const spans = (f: Filters): Partial<Filters> => ({ from: f.from, to: f.to, as_of: f.as_of, who: f.who });

// shared are the filters that every page of a department and its files understand.
export const shared = (f: Filters): Partial<Filters> => ({ ...spans(f), initiative: f.initiative, scope: f.scope, area: f.area, stage: f.stage, kind: f.kind });

const nextDay = (text: string): string => new Date(Date.parse(text) + 86_400_000).toISOString();

// period writes what the API asks for.
export function period(f: Filters): EvidencePeriodJson {
  const p: EvidencePeriodJson = { who: f.who || "users:strict" };
  if (f.from) p.from = new Date(f.from).toISOString();
  if (f.to) p.to = nextDay(f.to);
  if (f.as_of) p.asOf = nextDay(f.as_of);
  return p;
}

// question asks the ledger of a department; without one, of those that the period is to name.
export function question(workspace: string, f: Filters): ListRoleLedgerRequestJson {
  const q: ListRoleLedgerRequestJson = { ...workspace && { workspace }, period: period(f) };
  if (f.initiative) q.initiative = f.initiative;
  if (f.session) q.session = f.session;
  if (f.scope) q.scope = f.scope as NonNullable<ListRoleLedgerRequestJson["scope"]>;
  if (f.area) q.area = f.area as NonNullable<ListRoleLedgerRequestJson["area"]>;
  if (f.stage) q.stage = f.stage as NonNullable<ListRoleLedgerRequestJson["stage"]>;
  if (f.kind) q.kind = f.kind as NonNullable<ListRoleLedgerRequestJson["kind"]>;
  return q;
}

// quarterOf reads dsm/2026-Q3, or 2026-Q3, as its number, year, first and last day.
export function quarterOf(key: string): { n: string; year: string; from: string; to: string } {
  const [, year = "", n = ""] = /(?:^|\/)(\d{4})-Q([1-4])$/.exec(key) ?? [];
  const first = (Number(n) - 1) * 3, at = (month: number, d: number) => new Date(Date.UTC(Number(year), month, d)).toISOString().slice(0, 10);
  return year ? { n, year, from: at(first, 1), to: at(first + 3, 0) } : { n, year, from: "", to: "" };
}

// within keeps a quarter inside the period that is looked at.
export const within = (f: Filters, from: string, to: string): Filters => ({
  ...f, from: f.from > from ? f.from : from, to: f.to && f.to < to ? f.to : to, page: "",
});
