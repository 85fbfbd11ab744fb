// An address that leads nowhere.
import { A, Screen } from "../parts/screen";
import { address } from "../route";
import { t } from "../words";

export function Nowhere() {
  return (
    <Screen kind={t("web/nowhere")}>
      <p>{t("web/nowhere-what")}</p>
      <p><A class="btn btn-primary" href={address.home}>{t("web/to-home")}</A></p>
    </Screen>
  );
}
