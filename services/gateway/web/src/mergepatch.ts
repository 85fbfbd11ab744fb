// JSON Merge Patch, RFC 7386: what changed in a document, and the document after it.
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// merge gives the document after a patch. The document itself is left as it was.
export function merge(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: { [name: string]: Json } = Object.create(null);
  Object.assign(result, isObject(document) ? document : {});
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete result[name];
    else result[name] = merge(result[name], change);
  }
  return result;
}
