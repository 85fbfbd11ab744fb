// What the meeting is at: the current item, big, with who speaks, what was said and what is being decided.
import { ItemDecisions } from "../deciding/itemdecisions";
import { named } from "../parts/people";
import { t } from "../words";
import { Contributions } from "./contributions";
import { Floor, OwnHand } from "./floor";
import { type Here, current } from "./here";
import { TurnToNext } from "./lead";
import { AskPause } from "./pause";

export function Now({ here }: { here: Here }) {
  const item = current(here.view), voting = item?.decisions?.some((d) => d.phase === "DECISION_PHASE_OPEN");
  // While there is a vote it comes first, where a phone shows it without scrolling.
  const floor = item && <div key="floor"><Floor here={here} item={item} /><TurnToNext here={here} /></div>;
  const decisions = item && <div key="decisions"><ItemDecisions workspace={here.workspace} view={here.view} item={item} /></div>;
  return (
    <section class="now" aria-labelledby="now">
      <p class="kind" id="now-kind">{t("web/room-now")}</p>
      <h2 id="now" aria-describedby={item && "now-kind"}>{item ? item.title || item.id : t("web/room-no-item")}</h2>
      {item && <p class="under">{[(item.minutes ?? 0) > 0 && t("web/room-minutes-n", { n: item.minutes ?? 0 }), item.proposedBy && t("web/proposed-by", { who: named(here.all, item.proposedBy) })].filter(Boolean).join(" · ")}</p>}
      <div class="dock"><OwnHand here={here} item={item} /><AskPause here={here} /></div>
      {!item && <TurnToNext here={here} />}
      {item && (voting ? [decisions, floor] : [floor, decisions])}
      {item && (
        <>
          <h3 class="h6">{t("web/said")}</h3>
          <Contributions here={here} item={item} write />
        </>
      )}
    </section>
  );
}
