// The parts of deciding that few need at once: they and their words are fetched when somebody opens them.
import { Loaded } from "../parts/loaded";
import { withWords } from "../words";
import { type Desk, inRounds, planned } from "./desk";
import type { WizardProps } from "./wizard";

const wizard = () => withWords(import("./wizard"), "charter");
const power = () => withWords(import("./power"), "charter");
const lead = () => withWords(import("./lead"), "charter");
const after = () => withWords(import("./after"), "charter");
const closed = () => import("./closed");
const rounds = () => import("./rounds");
const rule = () => import("../parts/ruleinwords");

export const Wizard = (props: WizardProps) => <Loaded file={wizard}>{(m) => <m.Wizard {...props} />}</Loaded>;
export const Power = ({ desk }: { desk: Desk }) => <Loaded file={power}>{(m) => <m.PowerOf desk={desk} />}</Loaded>;
export const Lead = ({ desk }: { desk: Desk }) => <Loaded file={lead}>{(m) => <m.Lead desk={desk} />}</Loaded>;
export const After = ({ desk }: { desk: Desk }) => <Loaded file={after}>{(m) => <m.After desk={desk} />}</Loaded>;
export const Closed = ({ desk }: { desk: Desk }) => <Loaded file={closed}>{(m) => <m.Closed desk={desk} />}</Loaded>;
export const Rule = ({ desk }: { desk: Desk }) => <Loaded file={rule}>{(m) => <m.RuleInWords d={planned(desk.d)} all={desk.all} />}</Loaded>;
export const Rounds = ({ desk }: { desk: Desk }) => inRounds(desk.d.charter?.rule) ? <Loaded file={rounds}>{(m) => <m.Rounds desk={desk} />}</Loaded> : null;
export const Objections = ({ desk }: { desk: Desk }) => inRounds(desk.d.charter?.rule) ? <Loaded file={rounds}>{(m) => <m.Objections desk={desk} />}</Loaded> : null;
export const Proposal = ({ desk }: { desk: Desk }) => desk.d.proposal ? <Loaded file={rounds}>{(m) => <m.Proposal desk={desk} />}</Loaded> : null;
