// The way in: by a link, or by a code read off a wall. First one sees what one is invited to, then one says who one is.
import { useRef, useState } from "preact/hooks";
import { ask, useAsked } from "../api";
import { Code } from "../entering/code";
import { Left } from "../entering/left";
import { Capacity, Consents, answered, capacityProblems, consentProblems, useSeat } from "../entering/seat";
import type { InvitationViewJson } from "../gen/tavolo/api/v1/account_pb";
import { me, signedIn } from "../me";
import { Check, Choice, Field, Form, Notice, type Problems } from "../parts/form";
import { Problem, Screen } from "../parts/screen";
import { address, go, secret } from "../route";
import { uuid } from "../uuid";
import { type Key, dayAndTime, say, t } from "../words";

export function Enter({ back }: { back?: string | undefined }) {
  const brought = secret.value;
  return brought ? <ByInvitation key={brought} brought={brought} back={back} /> : <ByCode back={back} />;
}

function ByCode({ back }: { back: string | undefined }) {
  return (
    <Screen kind={t("web/enter-title")}>
      {back && !signedIn() && <Notice look="know"><p>{t("web/enter-needed")}</p></Notice>}
      <Left />
      <p class="lead">{t("web/enter-what")}</p>
      <Code look={async (code) => { await ask("AccountService/LookAtInvitation", { secret: code }); secret.value = code; }} />
      <p>{t("web/enter-link")}</p>
    </Screen>
  );
}

function ByInvitation({ brought, back }: { brought: string; back: string | undefined }) {
  const asked = useAsked(brought, (signal) => ask("AccountService/LookAtInvitation", { secret: brought }, signal));
  const i = asked.data;
  return (
    <Screen kind={t("web/enter-title")} asked={asked.problem ? undefined : asked}>
      {asked.problem && <Unknown asked={asked} />}
      <Left />
      {i && <Invited i={i} />}
      {i && <Join i={i} brought={brought} back={back} />}
    </Screen>
  );
}

// Unknown says why an invitation cannot be used, and offers the code as another way. The same once more would be refused again; only a line that broke is tried anew.
function Unknown({ asked }: { asked: ReturnType<typeof useAsked<InvitationViewJson>> }) {
  const { problem } = asked;
  if (!problem?.code.startsWith("account/")) return <Problem asked={asked} />;
  return (
    <>
      <div role="alert" class="problem"><p class="mb-0">{say(problem.says)}</p></div>
      <p>{t("web/enter-again")}</p>
      <Code look={async (code) => { await ask("AccountService/LookAtInvitation", { secret: code }); secret.value = code; }} />
    </>
  );
}

const grants: Record<string, Key> = {
  GRANT_READ: "web/may-read", GRANT_TAKE_PART: "web/may-take-part", GRANT_FACILITATE: "web/may-facilitate", GRANT_ADMINISTER: "web/may-administer",
};

function Invited({ i }: { i: InvitationViewJson }) {
  if (!i.workspace) return <p class="lead">{t("web/enter-first")}</p>;
  return (
    <div class="block">
      <h2 class="h3">{t("web/invited")}</h2>
      <dl class="facts">
        <div><dt>{t("web/department")}</dt><dd>{i.department || i.workspace}</dd></div>
        {i.initiative && <div><dt>{t("web/initiative")}</dt><dd>{i.title || i.initiative}</dd></div>}
        {i.session && <div><dt>{t("web/session")}</dt><dd>{i.sessionTitle || i.session}</dd></div>}
        <div><dt>{t("web/may")}</dt><dd>{t(grants[String(i.grant)] ?? "web/may-read")}</dd></div>
        {i.expiresAt && <div><dt>{t("web/invitation-until")}</dt><dd>{dayAndTime(i.expiresAt)}</dd></div>}
      </dl>
    </div>
  );
}

// takesSeat tells whether who enters gets a seat, and so has to say for whom they sit.
const takesSeat = (i: InvitationViewJson): boolean => Boolean(i.initiative) && i.grant !== "GRANT_READ";

function Join({ i, brought, back }: { i: InvitationViewJson; brought: string; back: string | undefined }) {
  const here = me.value, first = !i.workspace;
  const [as, setAs] = useState<string | undefined>(signedIn() ? undefined : "new");
  const [name, setName] = useState(""), [shared, setShared] = useState(here?.shared ?? false), seat = useSeat();
  const id = useRef(uuid());
  const own = as === "me", sits = own && here?.memberships?.some((m) => m.workspace === i.workspace && m.initiative === i.initiative && m.participant);
  const asksSeat = takesSeat(i) && !sits && as !== undefined;
  const check = (): Problems => ({
    ...as === undefined && { as: { key: "web/as-missing" } as const },
    ...as === "new" && !name.trim() && { name: { key: "web/your-name-missing" } as const },
    ...asksSeat && { ...capacityProblems("seat", seat.capacity), ...consentProblems("seat", seat.consents) },
  });
  const send = async () => {
    const said = asksSeat ? { constituency: seat.capacity.constituency ?? "", employedByDepartment: seat.capacity.employed ?? false, ...answered(seat.consents) } : {};
    const after = await ask("AccountService/Enter", { secret: brought, id: id.current, ...said, ...own ? { shared } : { name: name.trim(), shared: shared || signedIn() } });
    secret.value = "";
    go(back ?? (i.session ? address.session(i.workspace ?? "", i.session) : i.initiative ? address.initiative(i.workspace ?? "", i.initiative) : address.home), true);
    me.value = after;
  };
  return (
    <Form action={t(first ? "web/enter-first-send" : "web/enter-send")} check={check} send={send}>
      {signedIn() && (
        <Choice id="as" label={t("web/as")} value={as} set={setAs} options={[
          { value: "me", label: t("web/as-me", { name: here?.name ?? "" }) },
          { value: "new", label: t("web/as-new"), hint: t("web/as-new-what") },
        ]} />
      )}
      {as === "new" && <Field id="name" label={t("web/your-name")} hint={t("web/your-name-hint")} value={name} set={setName} max={80} autoComplete="nickname" />}
      {asksSeat && <Capacity id="seat" answer={seat.capacity} set={seat.setCapacity} />}
      {asksSeat && <fieldset class="group-of"><legend class="h3">{t("web/consents")}</legend><Consents id="seat" answers={seat.consents} set={seat.setConsents} /></fieldset>}
      {!first && as === "new" && !signedIn() && <Check id="shared" label={t("web/shared")} hint={t("web/shared-what")} value={shared} set={setShared} />}
    </Form>
  );
}
