// A seat for whoever runs an initiative and sits at the table too.
import { ask } from "../api";
import { Capacity, Consents, answered, capacityProblems, consentProblems, useSeat } from "../entering/seat";
import { me } from "../me";
import { announce } from "../parts/announce";
import { Form } from "../parts/form";
import { t } from "../words";

export function TakeSeat({ workspace, initiative, cancel }: { workspace: string; initiative: string; cancel: () => void }) {
  const seat = useSeat();
  const send = async () => {
    me.value = await ask("AccountService/BecomeParticipant", {
      workspace, initiative, constituency: seat.capacity.constituency ?? "", employedByDepartment: seat.capacity.employed ?? false, ...answered(seat.consents),
    });
    announce({ key: "web/seat-taken" });
  };
  return (
    <Form action={t("web/seat-take")} label={t("web/seat-take")} cancel={cancel} check={() => ({ ...capacityProblems("seat", seat.capacity), ...consentProblems("seat", seat.consents) })} send={send}>
      <Capacity id="seat" answer={seat.capacity} set={seat.setCapacity} />
      <Consents id="seat" answers={seat.consents} set={seat.setConsents} />
    </Form>
  );
}
