// What waits on this device and was written by somebody who is not here now: they were signed out before it went out. It is said how much, and never what,
// since whoever is here may be another; a vote least of all.
import { me, signedIn } from "../me";
import { dropLeft, leftHere } from "../outbox";
import { Button, Notice } from "../parts/form";
import { t } from "../words";

export function Left() {
  const n = leftHere(), own = signedIn() && !me.value?.shared; // where people take turns, the others' are not theirs to take away
  if (n === 0 || signedIn() && !own) return null;
  return (
    <Notice>
      <p>{t("web/left", { n })}</p>
      {own && <Button look="plain" onClick={dropLeft}>{t("web/left-drop")}</Button>}
    </Notice>
  );
}
