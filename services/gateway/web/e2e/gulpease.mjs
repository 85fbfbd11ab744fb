// How easy Italian is to read: Gulpease, 89 + (300 · sentences − 10 · letters) / words; 60 can be read by most, 80 by who went to school for five years.

// passages gathers what a screen says, block by block (runs in the page). Names of events are codes, and what people said is theirs.
export function passages() {
  const found = [], block = /^(block|list-item|table-cell|flex|grid|inline-block)/;
  const visit = (element) => {
    let text = "";
    const close = () => { if (/\p{L}/u.test(text)) found.push(text.replace(/\s+/g, " ").trim()); text = ""; };
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) { text += node.data; return; }
      if (node.nodeType !== Node.ELEMENT_NODE || node.matches("code, svg, noscript, .text, .said .who, [aria-hidden=true]")) return;
      const { display, visibility } = getComputedStyle(node);
      if (display === "none" || visibility === "hidden") return;
      if (block.test(display)) { close(); visit(node); } else { node.childNodes.forEach(walk); }
    };
    element.childNodes.forEach(walk);
    close();
  };
  visit(document.body);
  return found;
}

// isSentence tells a sentence from a label: a full stop and some words.
export const isSentence = (passage) => /[.!?]/.test(passage) && (passage.match(/[\p{L}\p{N}]+/gu) ?? []).length >= 5;

// gulpease of passages: each is at least one sentence, for a heading or a label ends without a full stop.
export function gulpease(passages) {
  let letters = 0, words = 0, sentences = 0;
  for (const p of passages) {
    const w = p.match(/[\p{L}\p{N}]+/gu) ?? [];
    words += w.length;
    letters += w.join("").length;
    sentences += Math.max(1, p.split(/[.!?](?:\s|$)/).filter((s) => /\p{L}/u.test(s)).length);
  }
  return 89 + (300 * sentences - 10 * letters) / words;
}
