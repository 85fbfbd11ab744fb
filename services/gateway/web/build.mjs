// Builds dist/: bundled scripts, the part of bootstrap-italia that the screens use, fonts, and the page. `npm run build`.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import { languages, wordsOf } from "./words.mjs";

// The most that one screen may load in scripts and styles, compressed (fonts aside).
const screenMax = 60 * 1024;

const out = "dist", assets = join(out, "assets");
for (const name of readdirSync(out)) if (name !== ".keep") rmSync(join(out, name), { recursive: true });
mkdirSync(assets, { recursive: true });

const scripts = await esbuild.build({
  entryPoints: { app: "src/main.tsx" },
  outdir: assets, entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]",
  bundle: true, splitting: true, format: "esm", minify: true, target: "es2022", legalComments: "none", metafile: true,
  jsx: "automatic", jsxImportSource: "preact",
  plugins: [{
    name: "words", // import("words:it"): all texts of one language, in a file of its own
    setup(build) {
      build.onResolve({ filter: /^words:/ }, ({ path }) => ({ path: path.slice(6), namespace: "words" }));
      build.onLoad({ filter: /./, namespace: "words" }, ({ path }) => ({ contents: JSON.stringify(wordsOf(path)), loader: "json" }));
    },
  }],
});

const hashed = (name, data) => {
  const [stem, end] = name.split(/\.(?=[^.]+$)/);
  const file = `${stem}-${createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase()}.${end}`;
  writeFileSync(join(assets, file), data);
  return file;
};

const fontDir = "node_modules/bootstrap-italia/dist/fonts/Titillium_Web";
const face = ([weight, name]) => {
  const file = hashed(`titillium-web-${weight}.woff2`, readFileSync(join(fontDir, `titillium-web-v10-latin-ext_latin-${name}.woff2`)));
  return `@font-face{font-family:"Titillium Web";font-weight:${weight};font-style:normal;font-display:swap;src:url(${file}) format("woff2")}`;
};
const fonts = [[400, "regular"], [600, "600"], [700, "700"]].map(face).join("");
hashed("titillium-web-licence.txt", readFileSync(join(fontDir, "OFL.txt")));

const [kit] = await new PurgeCSS().purge({
  content: ["src/**/*.tsx", "src/index.html"],
  css: ["node_modules/bootstrap-italia/dist/css/bootstrap-italia.min.css"],
  variables: true, keyframes: true, fontFace: true,
});
const own = readFileSync("src/style.css", "utf8");
const { code } = await esbuild.transform(fonts + kit.css + own, { loader: "css", minify: true, legalComments: "none" });
const style = hashed("app.css", code);
const icon = hashed("icon.svg", readFileSync("src/icon.svg"));

const entry = basename(Object.keys(scripts.metafile.outputs).find((name) => scripts.metafile.outputs[name].entryPoint === "src/main.tsx"));
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
writeFileSync(join(out, "index.html"), readFileSync("src/index.html", "utf8")
  .replace("{script}", `/assets/${entry}`).replace("{style}", `/assets/${style}`).replace("{icon}", `/assets/${icon}`)
  .replace("{no-script-it}", escape(wordsOf("it")["web/no-script"])).replace("{no-script-en}", escape(wordsOf("en")["web/no-script"])));

// What a screen loads: the entry, the screen's own file, whatever these import at once, one language and the style. What is imported later, when somebody
// opens it, is listed but not counted.
const outputs = Object.fromEntries(Object.entries(scripts.metafile.outputs).map(([name, o]) => [basename(name), o]));
const size = (file) => gzipSync(readFileSync(join(assets, file))).length;
const closure = (file, seen = new Set()) => {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const i of outputs[file].imports) if (i.kind === "import-statement") closure(basename(i.path), seen);
  return seen;
};
const from = (source) => Object.keys(outputs).find((name) => outputs[name].entryPoint === source);
const sum = (files) => [...files].reduce((n, f) => n + size(f), 0);
const screens = readdirSync("src/screens").map((name) => `src/screens/${name}`).filter(from);
const css = size(style), kb = (bytes) => (bytes / 1024).toFixed(1);
const wordsIn = (language) => Math.max(...Object.keys(outputs).filter((name) => Object.keys(outputs[name].inputs).includes(`words:${language}`)).map(size));
const words = Math.max(...languages.map(wordsIn));
let worst = 0;
for (const screen of [undefined, ...screens]) {
  const script = sum(screen ? closure(from(screen), closure(entry)) : closure(entry)), total = script + css + words;
  worst = Math.max(worst, total);
  console.log(`${screen ?? "entry"}: script ${kb(script)} + style ${kb(css)} + words ${kb(words)} = ${kb(total)} KB gzip`);
}
for (const [name, o] of Object.entries(outputs)) {
  if (o.entryPoint?.startsWith("src/") && !screens.includes(o.entryPoint) && name !== entry) console.log(`later: ${o.entryPoint} ${kb(size(name))} KB gzip`);
}
if (worst > screenMax) throw new Error(`a screen loads ${worst} bytes, more than ${screenMax}`);
