// The web client: what is recorded, and the room where it happens.
import { render } from "preact";
import { App } from "./app";
import { recognise } from "./me";
import { startOutbox } from "./outbox";
import { start } from "./route";
import { chosen, speak } from "./words";

await Promise.all([speak(chosen()), recognise().catch(() => {})]); // who is here is asked again by the screens that need it
startOutbox();
start();
render(<App />, document.getElementById("app")!);
