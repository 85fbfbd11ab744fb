// Who is at the table, and how they are called.
import type { ParticipantViewJson } from "../gen/tavolo/api/v1/record_pb";
import { constituency, label, t } from "../words";

export type People = Map<string, ParticipantViewJson>;

export const people = (list: ParticipantViewJson[] | undefined): People => new Map((list ?? []).map((p) => [p.participant ?? "", p]));

// named gives the name that somebody goes by, or the short id.
export function named(all: People, participant: string | undefined): string {
  const p = all.get(participant ?? "");
  return p ? p.name || p.ref || t("web/somebody") : t("web/somebody");
}

// byConstituency groups people in the order in which their constituencies first appear.
export function byConstituency(list: ParticipantViewJson[]): [string, ParticipantViewJson[]][] {
  const groups = new Map<string, ParticipantViewJson[]>();
  for (const p of list) groups.set(p.constituency ?? "", [...groups.get(p.constituency ?? "") ?? [], p]);
  return [...groups];
}

// PeopleList shows people by constituency.
export function PeopleList({ list, level, presence = false }: { list: ParticipantViewJson[]; level: "h3"; presence?: boolean }) {
  const H = level;
  return (
    <div class="people">
      {byConstituency(list).map(([code, members]) => (
        <div key={code}>
          <H class="h6">{constituency(code)} <span class="n">{t("web/people-n", { n: members.filter((p) => !p.absent).length })}</span></H>
          <ul class="persons">
            {members.map((p) => <li key={p.participant} class={presence && !p.present ? "left" : undefined}><Person p={p} presence={presence} /></li>)}
          </ul>
        </div>
      ))}
    </div>
  );
}

function Person({ p, presence }: { p: ParticipantViewJson; presence: boolean }) {
  const notes = (p.offices ?? []).map((o) => label("office", o)).filter((o) => o !== undefined);
  if (p.employedByDepartment) notes.push(t("web/employed"));
  if (p.absent) notes.push(t(presence ? "web/room-away" : "web/is-away"));
  else if (presence && !p.present) notes.push(t("web/has-left"));
  return (
    <>
      <span class="who">{p.name || p.ref}</span>
      {p.name && <span class="ref">{p.ref}</span>}
      {notes.map((n) => <span key={n} class="note">{n}</span>)}
    </>
  );
}
