// Ids of what people create, made from its title: nobody is asked to type one, and an address still says what it leads to.

const longest = 40;

// slug writes a title with plain small letters, digits and hyphens: "Perché sì? Più posti" is perche-si-piu-posti. Empty when nothing is left.
export function slug(title: string): string {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ß/g, "ss").replace(/æ/g, "ae").replace(/œ/g, "oe").replace(/ø/g, "o").replace(/ł/g, "l");
  const words = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (words.length <= longest) return words;
  const cut = words.slice(0, longest + 1), end = cut.lastIndexOf("-");
  return (end > longest / 2 ? cut.slice(0, end) : words.slice(0, longest)).replace(/-+$/, "");
}

// idFrom gives an id that is not taken yet; `otherwise` is what a title without a plain letter is called.
export function idFrom(title: string, taken: Iterable<string>, otherwise: string): string {
  const stem = slug(title) || otherwise, used = new Set(taken);
  if (!used.has(stem)) return stem;
  for (let n = 2; ; n++) {
    const end = `-${n}`, id = stem.slice(0, longest - end.length).replace(/-+$/, "") + end;
    if (!used.has(id)) return id;
  }
}
