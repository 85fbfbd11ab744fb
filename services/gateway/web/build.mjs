// Builds dist/: bundled scripts, the part of bootstrap-italia that the screens use, fonts, and the page. `npm run build`.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import { languages, partsApart, wordsApart, wordsOf } from "./words.mjs";

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
    name: "words", // import("words:it"), import("words:it/preparing"): the texts of one language, and those of a part that comes later, each in a file of its own
    setup(build) {
      build.onResolve({ filter: /^words:/ }, ({ path }) => ({ path: path.slice(6), namespace: "words" }));
      // As a script: of a JSON file esbuild makes one export a text, and the file half as large again.
      build.onLoad({ filter: /./, namespace: "words" }, ({ path }) => ({ contents: `export default ${JSON.stringify(wordsApart(...path.split("/")))}`, loader: "js" }));
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
  content: ["src/**/*.tsx", "src/index.html", "../pages/*.html"],
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
  .replace("{no-script-it}", escape(wordsOf("it")["web/no-script"])).replace("{no-script-en}", escape(wordsOf("en")["web/no-script"]))
  .replace("{no-script-link-it}", escape(wordsOf("it")["web/no-script-link"])).replace("{no-script-link-en}", escape(wordsOf("en")["web/no-script-link"])));

// A screen loads the entry, its own file, what these share with others, the style and the words of one language.
const size = (file) => gzipSync(readFileSync(join(assets, basename(file)))).length;
const outputs = scripts.metafile.outputs;
const built = (source) => Object.keys(outputs).find((name) => outputs[name].entryPoint === source);
const needs = (file, all = new Set()) => {
  if (all.has(file)) return all;
  all.add(file);
  for (const i of outputs[file].imports) if (i.kind === "import-statement") needs(i.path, all);
  return all;
};
const kb = (bytes) => (bytes / 1024).toFixed(1);
const sum = (files) => [...files].reduce((bytes, file) => bytes + size(file), 0);
const css = size(style), wordsFile = (name) => Object.keys(outputs).find((file) => Object.keys(outputs[file].inputs).includes(`words:${name}`));
const longest = (part = "") => Math.max(...languages.map((l) => size(wordsFile(l + part))));
const apart = { audit: ["/auditing"], table3: ["/auditing"], home: ["/entering", "/preparing"], enter: ["/entering"], me: ["/entering"], initiative: ["/entering", "/preparing"] };
console.log(`KB gzip: style ${kb(css)}, words ${kb(longest())} (${partsApart.map((p) => `${p} ${kb(longest(`/${p}`))}`).join(", ")})`);
let worst = 0;
for (const file of readdirSync("src/screens").filter((file) => file.endsWith(".tsx")).sort()) {
  const name = file.replace(".tsx", ""), script = sum(needs(built(`src/screens/${file}`), needs(built("src/main.tsx"))));
  const words = longest() + (apart[name] ?? []).reduce((bytes, part) => bytes + longest(part), 0), total = script + css + words;
  worst = Math.max(worst, total);
  console.log(`${name.padEnd(10)} script ${kb(script)} + style + words ${kb(words)} = ${kb(total)}`);
}
if (worst > screenMax) throw new Error(`a screen loads ${worst} bytes, more than ${screenMax}`);
