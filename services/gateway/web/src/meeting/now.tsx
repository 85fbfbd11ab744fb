// What the meeting is at: the current item, big, with who speaks, what was said and what is being decided.
import { awaitsOwn, wanted } from "../deciding/ballots";
import { ItemDecisions } from "../deciding/itemdecisions";
import type { ItemViewJson } from "../gen/tavolo/api/v1/record_pb";
import { outbox } from "../outbox";
import { Button } from "../parts/form";
import { named } from "../parts/people";
import { t } from "../words";
import { Contributions } from "./contributions";
import { Floor, OwnHand } from "./floor";
import { type Here, current } from "./here";
import { TurnToNext } from "./lead";
import { AskPause } from "./pause";

// GoVote opens the ballot that waits for the person here, from where the thumb is: the first of the three taps, wherever the screen has been scrolled to.
function GoVote({ here, item }: { here: Here; item: ItemViewJson | undefined }) {
  const mine = here.mine ?? "", d = item?.decisions?.find((one) => awaitsOwn(one, mine, outbox().unsent.value));
  return d ? <Button onClick={() => { wanted.value = `${d.id} ${mine}`; }}>{t("web/vote-now")}<span class="visually-hidden"> {d.question}</span></Button> : null;
}

export function Now({ here }: { here: Here }) {
  const item = current(here.view), voting = item?.decisions?.some((d) => d.phase === "DECISION_PHASE_OPEN");
  // While there is a vote it comes first, where a phone shows it without scrolling.
  const floor = item && <div key="floor"><Floor here={here} item={item} /><TurnToNext here={here} /></div>;
  const decisions = item && <div key="decisions">{voting && <h3 class="visually-hidden">{t("web/decisions")}</h3>}<ItemDecisions workspace={here.workspace} view={here.view} item={item} /></div>;
  return (
    <section class="now" aria-labelledby="now">
      <p class="kind" id="now-kind">{t("web/room-now")}</p>
      <h2 id="now" aria-describedby={item && "now-kind"}>{item ? item.title || item.id : t("web/room-no-item")}</h2>
      {item && <p class="under">{[(item.minutes ?? 0) > 0 && t("web/room-minutes-n", { n: item.minutes ?? 0 }), item.proposedBy && t("web/proposed-by", { who: named(here.all, item.proposedBy) })].filter(Boolean).join(" · ")}</p>}
      <div class="dock">{here.takesPart && <GoVote here={here} item={item} />}<OwnHand here={here} item={item} /><AskPause here={here} /></div>
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
