// What forms are made of. A Form holds what is wrong with its fields and what the gateway said; its fields find their own problem by their id. What was
// typed stays where it is whatever happens: a form is emptied by the screen, after it was sent. On a slow line that is a while: in a form that closes then, or
// shows what came of it, the text waits too, so that nothing is typed to be lost; a form that goes on keeps what was typed since (`since`).
//
//	<Form check={() => name ? {} : { name: … }} send={() => tell(…)} action={t("web/save")}>
//	  <Field id="name" label={t("web/name")} value={name} set={setName} />
//	</Form>
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../api";
import { type Message, say, t } from "../words";

// Problems are by the id of the field.
export type Problems = Record<string, Message>;
const Wrong = createContext<Problems>({}), Waits = createContext(false);

// since gives what was typed in a field after what it held was sent: what comes after it, or all of it when it was changed elsewhere.
export const since = (sent: string, now: string): string => now.startsWith(sent.trim()) ? now.slice(sent.trim().length).trimStart() : now;

// Sending is one thing that is sent at a time, and what came back when it was refused.
export interface Sending {
  busy: boolean;
  refused: Refusal | undefined;
  // send tells whether it arrived. While it is under way another press of the button does nothing.
  send: (put: () => Promise<unknown>) => Promise<boolean>;
}

export function useSending(): Sending {
  const [state, set] = useState<{ busy: boolean; refused?: Refusal }>({ busy: false });
  const under = useRef(false);
  const send = async (put: () => Promise<unknown>) => {
    if (under.current) return false;
    under.current = true;
    set({ busy: true });
    try {
      await put();
      set({ busy: false });
      return true;
    } catch (cause) {
      set({ busy: false, refused: cause instanceof Refusal ? cause : new Refusal({ key: "web/error-other", with: { code: String(cause) } }) });
      return false;
    } finally {
      under.current = false;
    }
  };
  return { busy: state.busy, refused: state.refused, send };
}

interface FormProps {
  // What is wrong with what was typed; nothing: it is sent.
  check?: () => Problems;
  send: () => Promise<unknown>;
  // The words on the button that sends.
  action: string;
  // A second button that gives up.
  cancel?: (() => void) | undefined;
  // One can type on while it is sent: the screen keeps what was typed since.
  goesOn?: boolean;
  // What the form is called, where several are on a screen.
  label?: string | undefined;
  children?: ComponentChildren;
}

export function Form({ check = () => ({}), send, action, cancel, goesOn = false, label, children }: FormProps) {
  const [problems, setProblems] = useState<Problems>({});
  const [tries, setTries] = useState(0);
  const sending = useSending(), summary = useRef<HTMLDivElement>(null);
  const wrong = Object.entries(problems);
  useEffect(() => { if (tries > 0 && wrong.length > 0) summary.current?.focus(); }, [tries]);
  const submit = (event: Event) => {
    event.preventDefault();
    const found = check();
    setProblems(found);
    setTries(tries + 1);
    if (Object.keys(found).length === 0) void sending.send(send);
  };
  return (
    <Wrong.Provider value={problems}>
      <form noValidate class="form" aria-label={label} onSubmit={submit}>
        {wrong.length > 0 && (
          <div ref={summary} class="problem" role="group" tabIndex={-1} aria-label={t("web/form-wrong")}>
            <p>{t("web/form-wrong")}</p>
            <ul>{wrong.map(([id, m]) => <li key={id}><a href={`#${id}`} onClick={(e) => { e.preventDefault(); focusOn(id); }}>{say(m)}</a></li>)}</ul>
          </div>
        )}
        <Waits.Provider value={sending.busy && !goesOn}>{children}</Waits.Provider>
        <Refused sending={sending} />
        <p class="buttons">
          <Button submit busy={sending.busy}>{action}</Button>
          {cancel && <Button look="plain" onClick={cancel}>{t("web/form-cancel")}</Button>}
        </p>
      </form>
    </Wrong.Provider>
  );
}

// focusOn brings somebody to a field: a control, or the first choice of several.
export function focusOn(id: string): void {
  const e = document.getElementById(id);
  (e?.matches("fieldset") ? e.querySelector<HTMLElement>("input") : e)?.focus();
}

// Refused says why something that was sent was not accepted, and is heard at once.
export function Refused({ sending }: { sending: Sending }) {
  return <div role="alert">{sending.refused && <p class="notice bad">{say(sending.refused.says)}</p>}</div>;
}

// described gives a control what it must say of itself: the ids of hint and error, and whether it is wrong.
function described(id: string, hint: ComponentChildren, problem: Message | undefined) {
  const by = [problem && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return { "aria-describedby": by || undefined, "aria-invalid": problem ? true : undefined };
}

function Around({ id, hint, problem }: { id: string; hint: ComponentChildren; problem: Message | undefined }) {
  return (
    <>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {problem && <p class="wrong" id={`${id}-wrong`}>{say(problem)}</p>}
    </>
  );
}

interface FieldProps {
  id: string;
  label: string;
  value: string;
  set: (value: string) => void;
  hint?: ComponentChildren;
  type?: "text" | "number" | "date" | "time" | "url";
  // Lines of a longer text; without it there is one.
  lines?: number;
  max?: number;
  class?: string;
  autoComplete?: string;
}

// Field is a text, a number, a day or a time, with its label, a hint and what is wrong with it.
export function Field({ id, label, value, set, hint, type = "text", lines, max, class: look = "", autoComplete = "off" }: FieldProps) {
  const problem = useContext(Wrong)[id];
  const own = { id, value, maxLength: max, readOnly: useContext(Waits), class: "form-control", onInput: (e: InputEvent) => set((e.target as HTMLInputElement).value), ...described(id, hint, problem) };
  return (
    <div class={`ask ${look} ${problem ? "is-wrong" : ""}`}>
      <label for={id}>{label}</label>
      <Around id={id} hint={hint} problem={problem} />
      {lines ? <textarea rows={lines} {...own} /> : <input type={type as "text"} min={type === "number" ? 0 : undefined} inputMode={type === "number" ? "numeric" : type === "url" ? "url" : "text"} autoComplete={autoComplete} {...own} />}
    </div>
  );
}

export interface Option {
  value: string;
  label: string;
  hint?: ComponentChildren;
}

interface ChoiceProps {
  id: string;
  label: string;
  options: Option[];
  // The value that is chosen. Undefined: none yet.
  value: string | undefined;
  set: (value: string) => void;
  hint?: ComponentChildren;
}

// Choice is one of several, all of them to be seen; none is chosen beforehand unless the screen says so.
export function Choice({ id, label, options, value, set, hint }: ChoiceProps) {
  const problem = useContext(Wrong)[id];
  return (
    <fieldset id={id} class={`ask one-of ${problem ? "is-wrong" : ""}`} {...described(id, hint, problem)} aria-invalid={undefined}>
      <legend>{label}</legend>
      <Around id={id} hint={hint} problem={problem} />
      {options.map((o) => (
        <div key={o.value} class="option">
          <input type="radio" id={`${id}-${o.value || "none"}`} name={id} value={o.value} checked={value === o.value} onChange={() => set(o.value)} aria-describedby={o.hint ? `${id}-${o.value || "none"}-hint` : undefined} />
          <label for={`${id}-${o.value || "none"}`}>{o.label}</label>
          {o.hint && <p class="hint" id={`${id}-${o.value || "none"}-hint`}>{o.hint}</p>}
        </div>
      ))}
    </fieldset>
  );
}

// Select is one of many, where a list to read through would be too long.
export function Select({ id, label, options, value, set, hint }: ChoiceProps) {
  const problem = useContext(Wrong)[id];
  return (
    <div class={`ask ${problem ? "is-wrong" : ""}`}>
      <label for={id}>{label}</label>
      <Around id={id} hint={hint} problem={problem} />
      <select id={id} class="form-control" value={value ?? ""} onChange={(e) => set(e.currentTarget.value)} {...described(id, hint, problem)}>
        {options.map((o) => <option key={o.value} value={o.value}>{o.label}</option>)}
      </select>
    </div>
  );
}

// Check is a yes that can be left out.
export function Check({ id, label, value, set, hint }: { id: string; label: string; value: boolean; set: (value: boolean) => void; hint?: ComponentChildren }) {
  return (
    <div class="ask option">
      <input type="checkbox" id={id} checked={value} onChange={(e) => set(e.currentTarget.checked)} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void;
  // main: what one is here for; plain: anything else; away: takes something away; small: one of many, beside what it is about.
  look?: "main" | "plain" | "away" | "small";
  submit?: boolean;
  busy?: boolean | undefined;
  disabled?: boolean | undefined;
  // The whole of what it does, where the words on it say that only to who sees what is around it.
  name?: string | undefined;
  id?: string;
  expanded?: boolean | undefined;
  pressed?: boolean | undefined;
  class?: string;
}

const looks = { main: "btn btn-primary", plain: "btn btn-outline-primary", away: "btn btn-outline-danger", small: "act" } as const;

// Button keeps the focus while it is busy: one that is disabled would lose it.
export function Button({ children, onClick, look = "main", submit, busy, disabled, name, id, expanded, pressed, class: more = "" }: ButtonProps) {
  return (
    <button type={submit ? "submit" : "button"} id={id} class={`${looks[look]} ${more}`} aria-label={name} aria-disabled={busy || disabled ? true : undefined} aria-busy={busy ? true : undefined}
      aria-expanded={expanded} aria-pressed={pressed} onClick={onClick && (() => { if (!busy && !disabled) onClick(); })}>
      {children}
    </button>
  );
}

// Notice sets something apart: to know, to be careful about, or that it went well.
export function Notice({ look = "care", children }: { look?: "know" | "care" | "well" | "bad"; children: ComponentChildren }) {
  return <div class={`notice ${look}`}>{children}</div>;
}
