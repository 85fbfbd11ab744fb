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

// Every screen loads the entry, what it shares with the words, one language and the style.
const size = (file) => gzipSync(readFileSync(join(assets, file))).length;
const script = size(entry), css = size(style);
let worst = 0;
for (const language of languages) {
  const words = Object.entries(scripts.metafile.outputs).find(([, o]) => Object.keys(o.inputs).includes(`words:${language}`));
  const total = script + css + size(basename(words[0]));
  worst = Math.max(worst, total);
  const kb = (bytes) => (bytes / 1024).toFixed(1);
  console.log(`${language}: script ${kb(script)} + style ${kb(css)} + words ${kb(total - script - css)} = ${kb(total)} KB gzip`);
}
if (worst > screenMax) throw new Error(`a screen loads ${worst} bytes, more than ${screenMax}`);
