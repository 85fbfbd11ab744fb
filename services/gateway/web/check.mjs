// Runs the unit tests: each is bundled as the client is, then given to node. `npm run check`.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import * as esbuild from "esbuild";

const dir = ".check"; // beside node_modules, which the tests need
const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
await esbuild.build({
  entryPoints: tests.map((name) => join("test", name)), outdir: dir, outExtension: { ".js": ".mjs" },
  bundle: true, format: "esm", platform: "node", target: "node20", jsx: "automatic", jsxImportSource: "preact",
  define: { "import.meta.dirname": JSON.stringify(import.meta.dirname) }, logLevel: "warning",
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  external: ["words:*", "esbuild", "../words.mjs"],
});
const { status } = spawnSync(process.execPath, ["--test", ...tests.map((name) => join(dir, name.replace(".ts", ".mjs")))], { stdio: "inherit" });
rmSync(dir, { recursive: true });
process.exit(status ?? 1);
