// The minutes: they write themselves while the group meets. Here is where to read them, who approved them as they stand now, and one's own approval.
import { Button } from "../parts/form";
import { named } from "../parts/people";
import { list, t } from "../words";
import { Trouble, useDoing } from "./doing";
import type { Here } from "./here";

export function Minutes({ here }: { here: Here }) {
  const doing = useDoing(), approved = here.view.approvedBy ?? [], mine = here.mine;
  const id = encodeURIComponent(here.session).replaceAll("%3A", ":"), workspace = encodeURIComponent(here.workspace);
  const page = `/w/${workspace}/s/${id}/minutes`, file = `/v1/workspaces/${workspace}/sessions/${id}/minutes`;
  const was = mine !== undefined && here.all.has(mine);
  return (
    <>
      <p>{t(here.closed ? "web/room-minutes-what" : "web/room-minutes-live")}</p>
      <ul class="lines">
        <li><a href={page}>{t("web/room-minutes-page")}</a><span class="under">{t("web/room-minutes-page-what")}</span></li>
        <li><a href={`${file}.md`}>{t("web/room-minutes-text")}</a></li>
        <li><a href={`${file}.json`}>{t("web/room-minutes-data")}</a></li>
      </ul>
      {here.closed && (
        <>
          <p role="status">{approved.length === 0 ? t("web/room-approved-none") : t("web/room-approved-by", { n: approved.length, who: list(approved.map((p) => named(here.all, p))) })}</p>
          {was && here.takesPart && !approved.includes(mine) && (
            <div class="acts">
              <Button busy={doing.busy} onClick={() => void doing.tell("SessionService/ApproveMinutes", { workspace: here.workspace, session: here.session, participant: mine })}>{t("web/room-approve")}</Button>
            </div>
          )}
          <p class="note d-block">{t("web/room-approve-what")}</p>
          <Trouble of={doing} all={here.all} />
        </>
      )}
    </>
  );
}
