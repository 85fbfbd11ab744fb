// A decision that is closed: what came out, one's own role, and the objections there were.
import type { Desk } from "./desk";
import { Outcome } from "./outcome";
import { OwnRole } from "./ownrole";
import { Objections } from "./rounds";

export function Closed({ desk }: { desk: Desk }) {
  return <><Outcome d={desk.d} /><OwnRole desk={desk} /><Objections desk={desk} /></>;
}
