// import("words:it"): what words.mjs gathers for a language. The build makes these modules.
declare module "words:*" {
  const texts: Record<string, string | { one?: string; other: string }>;
  export default texts;
}
