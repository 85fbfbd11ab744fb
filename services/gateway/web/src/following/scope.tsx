// What a subscription is about: places, areas, outcomes. An empty list does not narrow it.
import type { FeedPlaceJson, FeedScopeJson } from "../gen/tavolo/feed/v1/subscription_pb";
import type { WorkspaceViewJson } from "../gen/tavolo/api/v1/record_pb";
import { may, me } from "../me";
import { Check } from "../parts/form";
import { label, list, t } from "../words";

export const areas = ["AREA_REHABILITATION", "AREA_CARE_PATHWAYS", "AREA_NEW_SERVICES", "AREA_STAFF_TRAINING", "AREA_OTHER"];
export const outcomes = ["OUTCOME_ADOPTED", "OUTCOME_REJECTED", "OUTCOME_NO_DECISION"];

// Chosen is the scope as it stands in the form: places as workspace or workspace/initiative. all: everything here, for who administers it all.
export interface Chosen { all: boolean; places: string[]; areas: string[]; outcomes: string[] }
export const nothing: Chosen = { all: false, places: [], areas: [], outcomes: [] };

const turned = (of: string[], one: string, on: boolean): string[] => on ? [...of, one] : of.filter((x) => x !== one);

// scopeOf writes what the API asks for. An initiative of a department that is chosen whole adds nothing.
export function scopeOf(c: Chosen): FeedScopeJson {
  const places: FeedPlaceJson[] = c.all ? [] : c.places.filter((p) => !p.includes("/") || !c.places.includes(p.split("/")[0]!))
    .map((p) => { const [workspace = "", initiative = ""] = p.split("/"); return { workspace, ...initiative && { initiative } }; });
  return { places, areas: c.areas as NonNullable<FeedScopeJson["areas"]>, outcomes: c.outcomes as NonNullable<FeedScopeJson["outcomes"]> };
}

// The grant decides, as in the gateway: nobody gives away what they do not run.
const mine = (w: WorkspaceViewJson) => may("GRANT_FACILITATE", w.id ?? "", "");

export function Places({ all, chosen: c, set }: { all: WorkspaceViewJson[]; chosen: Chosen; set: (c: Chosen) => void }) {
  const place = (id: string, says: string) => <Check key={id} id={`place-${id}`} label={says} value={c.places.includes(id)} set={(on) => set({ ...c, places: turned(c.places, id, on) })} />;
  return (
    <fieldset id="places" class="ask group-of">
      <legend>{t("web/following-places")}</legend>
      {me.value?.administers && <Check id="place-all" label={t("web/following-all")} hint={t("web/following-all-what")} value={c.all} set={(on) => set({ ...c, all: on })} />}
      {!c.all && all.map((w) => {
        const own = (w.initiatives ?? []).filter((i) => may("GRANT_FACILITATE", w.id ?? "", i.id ?? "")), whole = mine(w);
        if (!whole && own.length === 0) return null;
        return (
          <div key={w.id}>
            {whole ? place(w.id ?? "", t("web/following-whole", { name: w.name || (w.id ?? "") })) : <p class="mb-1">{w.name || w.id}</p>}
            {!(whole && c.places.includes(w.id ?? "")) && own.length > 0 && <div class="within">{own.map((i) => place(`${w.id}/${i.id}`, i.title || (i.id ?? "")))}</div>}
          </div>
        );
      })}
    </fieldset>
  );
}

export function Codes({ id, says, of, codes, chosen, set }: { id: string; says: string; of: "area" | "outcome"; codes: string[]; chosen: string[]; set: (codes: string[]) => void }) {
  return (
    <fieldset class="ask group-of">
      <legend>{says}</legend>
      <p class="hint">{t("web/following-none-is-all")}</p>
      {codes.map((code) => <Check key={code} id={`${id}-${code}`} label={label(of, code) ?? code} value={chosen.includes(code)} set={(on) => set(turned(chosen, code, on))} />)}
    </fieldset>
  );
}

// about says a scope in words.
export function about(s: FeedScopeJson | undefined, all: WorkspaceViewJson[]): string[] {
  const named = ({ workspace = "", initiative = "" }: FeedPlaceJson) => {
    const w = all.find((x) => x.id === workspace), department = w?.name || workspace;
    return initiative ? `${w?.initiatives?.find((i) => i.id === initiative)?.title || initiative} (${department})` : department;
  };
  const codes = (of: "area" | "outcome", list_: unknown[] | undefined) => list((list_ ?? []).map((c) => label(of, c as string) ?? String(c)));
  return [
    s?.places?.length ? list(s.places.map(named)) : t("web/following-everything"),
    s?.areas?.length ? t("web/following-of-areas", { areas: codes("area", s.areas) }) : "",
    s?.outcomes?.length ? t("web/following-of-outcomes", { outcomes: codes("outcome", s.outcomes) }) : "",
  ].filter(Boolean);
}
