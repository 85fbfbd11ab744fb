// The parts of deciding that few need at once: they and their words are fetched when somebody opens them.
import { Loaded } from "../parts/loaded";
import { learn } from "../words";
import type { Desk } from "./desk";
import type { WizardProps } from "./wizard";

const together = <M,>(file: () => Promise<M>) => () => Promise.all([file(), learn()]).then(([m]) => m);
const wizard = together(() => import("./wizard"));
const power = together(() => import("./power"));
const lead = together(() => import("./lead"));
const after = together(() => import("./after"));

export const Wizard = (props: WizardProps) => <Loaded file={wizard}>{(m) => <m.Wizard {...props} />}</Loaded>;
export const Power = ({ desk }: { desk: Desk }) => <Loaded file={power}>{(m) => <m.PowerOf desk={desk} />}</Loaded>;
export const Lead = ({ desk }: { desk: Desk }) => <Loaded file={lead}>{(m) => <m.Lead desk={desk} />}</Loaded>;
export const After = ({ desk }: { desk: Desk }) => <Loaded file={after}>{(m) => <m.After desk={desk} />}</Loaded>;
