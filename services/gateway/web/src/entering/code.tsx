// The field for the six-character code.
import { useState } from "preact/hooks";
import { Field, Form } from "../parts/form";
import { go, secret, address } from "../route";
import { t } from "../words";
import { isCode, tidy } from "./coded";

// Code asks for it and has it looked at. Whoever typed it on another screen goes to the way in.
export function Code({ look }: { look?: (code: string) => Promise<unknown> }) {
  const [code, set] = useState("");
  return (
    <Form action={t("web/code-send")} check={() => isCode(code) ? {} : { code: { key: "web/code-wrong" } }}
      send={async () => { if (look) await look(tidy(code)); else { secret.value = tidy(code); go(address.enter()); } }}>
      <Field id="code" class="code" label={t("web/code")} hint={t("web/code-hint")} value={code} set={(v) => set(v.toUpperCase())} max={20} />
    </Form>
  );
}
