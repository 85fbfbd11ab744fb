// Pictures of roles: bars cut in parts, one below the other. Each has a table with the same numbers beside it, so it is hidden from who hears the screen;
// in grey the parts are told by their texture.
import { t } from "../words";

export const roles = ["decisive", "consultative", "none", "other"] as const;
export type Role = typeof roles[number];

export interface Part { role: Role; from: number; width: number }

// layOut cuts a bar of a thousand in parts. What rounding leaves over goes to the last one, so that a bar is always full.
export function layOut(counts: Record<string, number | string | undefined>): Part[] {
  const value = (role: Role) => Number(counts[role] ?? 0), sum = roles.reduce((n, role) => n + value(role), 0);
  const parts: Part[] = [];
  let seen = 0, at = 0;
  for (const role of roles) {
    if (value(role) === 0) continue;
    seen += value(role);
    const end = Math.floor(1000 * seen / sum);
    parts.push({ role, from: at, width: end - at });
    at = end;
  }
  return parts;
}

const fills: Record<Role, string> = { decisive: "#00674a", consultative: "#d48a00", none: "#a32032", other: "#5b6f82" };

// Textures are what the bars of a screen are drawn with; once a screen.
export function Textures() {
  return (
    <svg class="position-absolute" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="texture-consultative" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="12" fill="#fff" /></pattern>
        <pattern id="texture-none" width="12" height="12" patternUnits="userSpaceOnUse"><circle cx="6" cy="6" r="3.5" fill="#fff" /></pattern>
        <pattern id="texture-other" width="12" height="10" patternUnits="userSpaceOnUse"><rect width="12" height="7" fill="#fff" /></pattern>
      </defs>
    </svg>
  );
}

function Piece({ role, x, width }: { role: Role; x: number; width: number }) {
  return (
    <>
      <rect fill={fills[role]} x={x} width={width} height="40" />
      {role !== "decisive" && <rect fill={`url(#texture-${role})`} x={x} width={width} height="40" />}
    </>
  );
}

export function RoleBar({ counts }: { counts: Record<string, number | string | undefined> }) {
  return (
    <svg class="chart" viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {layOut(counts).map((p) => <Piece key={p.role} role={p.role} x={p.from} width={p.width} />)}
    </svg>
  );
}

// RoleSign is the swatch of a role and its name.
export function RoleSign({ role }: { role: Role }) {
  return (
    <span>
      <svg class="swatch" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><Piece role={role} x={0} width={40} /></svg>
      {t(`role/${role}`)}
    </span>
  );
}
