// What was typed here and is not in the log yet: it waits for the line and goes out by itself, or it was refused and somebody must look.
import { outbox, unsent } from "../outbox";
import { Button } from "../parts/form";
import type { People } from "../parts/people";
import { t } from "../words";
import { Trouble } from "./doing";

export function Unsent({ about, all }: { about: string; all: People }) {
  const list = unsent(about);
  if (list.length === 0) return null;
  return (
    <ul class="unsent">
      {list.map((u) => (
        <li key={u.id}>
          <p><strong class="state waits">{t(u.refused ? "web/room-refused" : "web/room-unsent")}</strong> {!u.refused && t("web/room-unsent-what")}</p>
          {u.text && <p class="text">{u.text}</p>}
          {u.refused && (
            <>
              <Trouble of={{ problem: u.refused }} all={all} />
              <div class="acts">
                <Button look="plain" onClick={() => void outbox().again(u.id)}>{t("web/retry")}</Button>
                <Button look="small" onClick={() => outbox().drop(u.id)}>{t("web/room-drop")}</Button>
              </div>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
