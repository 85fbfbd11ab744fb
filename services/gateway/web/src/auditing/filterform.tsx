// The filters of a page, in the address: sending the form changes the address, and that the page.
import { useState } from "preact/hooks";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { Button, Field, Form, type Option, Select } from "../parts/form";
import { A } from "../parts/screen";
import { refine } from "../route";
import { type Key, label, t } from "../words";
import { type Filters, read, write } from "./filters";
import { roles } from "./picture";

const scopes = ["STRATEGIC_PLANNING", "AREA"], areas = ["REHABILITATION", "CARE_PATHWAYS", "NEW_SERVICES", "STAFF_TRAINING", "OTHER"], stages = ["COMMISSION", "DESIGN", "DELIVER", "ASSESS"];
const kinds = ["MEETING", "PLENARY", "WORKING_GROUP", "FOCUS_GROUP", "REFLECTIVE_MEETING", "ASSEMBLY", "PUBLIC_EVENT"];

const any = (): Option => ({ value: "", label: t("web/any") });
const options = (list: "scope" | "area" | "stage" | "session_kind", prefix: string, codes: string[]): Option[] =>
  [any(), ...codes.map((c) => ({ value: prefix + c, label: label(list, prefix + c) ?? c }))];

interface Props {
  // The address of the page, without its query.
  page: string;
  query: string;
  // With the filters that choose decisions; without them the period alone.
  decisions?: WorkspaceViewJson | undefined;
}

export function FilterForm({ page, query, decisions }: Props) {
  const now = read(query), [f, setAll] = useState(now), [shown, setShown] = useState(query);
  if (shown !== query) { // gone back to another address
    setShown(query);
    setAll(now);
  }
  const set = (name: keyof Filters) => (value: string) => setAll({ ...f, [name]: value });
  const chosen = write({ ...now, who: "", page: "", ws: "", role: "", persons: "", place: "" });
  const field = (name: "from" | "to" | "as_of", says: Key, hint?: Key) => (
    <Field id={`filter-${name}`} type="date" label={t(says)} value={f[name]} set={set(name)} hint={hint && t(hint)} />
  );
  return (
    <details class="fold" open={chosen !== ""}>
      <summary>{t("web/filters")}</summary>
      <Form action={t("web/filters-set")} label={t("web/filters")} check={() => f.from && f.to && f.from > f.to ? { "filter-to": { key: "web/filters-turned" } } : {}}
        send={() => { refine(page + write({ ...f, page: "", session: f.initiative === now.initiative ? f.session : "" })); return Promise.resolve(); }}>
        <div class="side">{field("from", "web/filter-from")}{field("to", "web/filter-to")}</div>
        {field("as_of", "web/filter-as-of", "web/filter-as-of-hint")}
        {decisions && (
          <>
            {decisions.initiatives && (
              <Select id="filter-initiative" label={t("web/initiative")} value={f.initiative} set={set("initiative")}
                options={[any(), ...decisions.initiatives.map((i) => ({ value: i.id ?? "", label: i.title || (i.id ?? "") }))]} />
            )}
            <Select id="filter-scope" label={t("web/filter-scope")} hint={t("web/filter-scope-hint")} value={f.scope} set={set("scope")} options={options("scope", "SCOPE_", scopes)} />
            <Select id="filter-area" label={t("web/filter-area")} value={f.area} set={set("area")} options={options("area", "AREA_", areas)} />
            <Select id="filter-stage" label={t("web/filter-stage")} value={f.stage} set={set("stage")} options={options("stage", "STAGE_", stages)} />
            <Select id="filter-kind" label={t("web/filter-kind")} value={f.kind} set={set("kind")} options={options("session_kind", "SESSION_KIND_", kinds)} />
          </>
        )}
      </Form>
      {chosen && <p><A href={page + write({ who: now.who, ws: now.ws, place: now.place })}>{t("web/filters-none")}</A></p>}
    </details>
  );
}

// Whose switches between the two views of users.
export function Whose({ page, query }: { page: string; query: string }) {
  const f = read(query), who = f.who || "users:strict";
  const turn = (to: string, says: Key) => (
    <Button look={who === to ? "main" : "plain"} pressed={who === to} onClick={() => refine(page + write({ ...f, who: to === "users:strict" ? "" : to, page: "" }))}>{t(says)}</Button>
  );
  return (
    <div role="group" aria-labelledby="whose">
      <p id="whose" class="mb-1">{t("web/whose")}</p>
      <p class="buttons">{turn("users:strict", "web/users-strict")}{turn("users:broad", "web/users-broad")}</p>
      <p class="under">{t(who === "users:broad" ? "web/users-broad-what" : "web/users-strict-what")}</p>
    </div>
  );
}

// Only shows the rows of one role, all that count, or those that do not.
export function Only({ page, query }: { page: string; query: string }) {
  const f = read(query), more: [string, Key][] = [["counted", "web/only-counted"], ["left_out", "web/only-left-out"]];
  return (
    <Select id="role" label={t("web/ledger-role")} value={f.role} set={(role) => refine(page + write({ ...f, role, page: "" }))}
      options={[any(), ...roles.map((r) => ({ value: r, label: t(`role/${r}`) })), ...more.map(([value, says]) => ({ value, label: t(says) }))]} />
  );
}
