// The web client: the reading room of the record.
import { render } from "preact";
import { App } from "./app";
import { start } from "./route";
import { chosen, speak } from "./words";

await speak(chosen());
start();
render(<App />, document.getElementById("app")!);
