"use strict";
// From a text to tokens, as dataset/text.py does it. What depends on a version of Unicode (classes of characters, what
// becomes of a sign) comes from the Python that wrote this page; characters that it did not know stay as they are.

// runs: "2p 6 ...", in base 36 the distances between first and last, first and last ... -> the content of [...]
function characterClass(runs) {
  let code = 0;
  const end = (gap, i) => `${i % 2 ? "-" : ""}\\u{${(code += parseInt(gap, 36)).toString(16)}}`;
  return runs.split(" ").map(end).join("");
}

// tables: as page_tables.py writes them -> a function of a text that finds its tokens.
function makeTokenizer({ classes, signs, token, removed, removeHtml }) {
  const contents = Object.fromEntries(Object.entries(classes).map(([name, runs]) => [name, characterClass(runs)]));
  const regex = (source) => new RegExp(source.replace(/\{([A-Z]+)\}/g, (_, name) => contents[name]), "gu");
  const [script, style] = ["[sSſ][cC][rR][iIİı][pP][tT]", "[sSſ][tT][yY][lL][eE]"].map(
    (name) => `${name}(?![{WORD}])[^<>]*>(?:(?!<${name}(?![{WORD}]))[^])*?</${name}[{SPACE}]*>`,
  );
  const SCRIPT = regex(`<(?:${script}|${style})`);
  const COMMENT = /\x3c!--(?:(?!\x3c!--)[^])*?-->/g, TAG = /<[/!?]?[a-zA-Z][^<>]*>/g;
  const ENTITY = /&(?:#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});/g;
  const NO_CHARACTER = /^(?:[\x01-\x08\x0b\x0e-\x1f\x7f]|\p{Noncharacter_Code_Point})$/u;
  const MANY_MARKS = regex("([{MARK}]{30})[{MARK}]+");
  const SIGN = regex("[{SIGN}]"), KNOWN = regex("[^{UNASSIGNED}]+");
  const LAST_SIGMA = regex("(?<=[{CASED}][{IGNORABLE}]*)Σ(?![{IGNORABLE}]*[{CASED}])");
  const DOT_ABOVE = /(?<=[ij\u012f\u0268\u1e2d\u1ecb])\u0307+/g;
  const BACKTICK = regex("(?<=(?![{DIGIT}_])[{WORD}])`(?=(?![{DIGIT}_])[{WORD}])");
  const TOKEN = regex(token);
  const gone = new Set(removed), entities = new Map();
  const holder = document.createElement("textarea"); // never shown: markup in it is text, entities are read

  const ascii = (text) => /^[\0-\x7f]*$/.test(text);
  const normalize = (form, text) => text.replace(KNOWN, (part) => part.normalize(form));
  const limited = (form, text) => normalize(form, text.replace(MANY_MARKS, "$1"));

  function entity(found) {
    if (entities.has(found)) return entities.get(found);
    holder.innerHTML = found;
    const read = holder.textContent, dropped = /^&#x?0*[1-9a-f]/i.test(found) && NO_CHARACTER.test(read); // by Python
    entities.set(found, dropped ? "" : read);
    return entities.get(found);
  }

  function withoutHtml(text) {
    if (!ascii(text)) text = limited("NFC", text);
    return text.replace(COMMENT, " ").replace(SCRIPT, " ").replace(TAG, " ").replace(ENTITY, entity);
  }

  function clean(text) {
    if (removeHtml && /[<&]/.test(text)) text = withoutHtml(text);
    if (ascii(text)) text = text.toLowerCase();
    else {
      text = limited("NFKC", text.replace(SIGN, (sign) => signs[sign] ?? ""));
      text = text.replace(LAST_SIGMA, "ς").replaceAll("Σ", "σ");
      text = text.replace(KNOWN, (part) => part.toLowerCase()); // whole strings, not characters
      text = normalize("NFC", text.replace(DOT_ABOVE, ""));
    }
    return text.replace(BACKTICK, "'");
  }

  return (text) => (clean(text).match(TOKEN) ?? []).filter((found) => !gone.has(found));
}

// The part of a longer text that a model reads.
const KEEPS = {
  "head-and-tail": (words, n) => words.slice(0, Math.ceil(n / 2)).concat(words.slice(words.length - Math.floor(n / 2))),
  head: (words, n) => words.slice(0, n),
  tail: (words, n) => words.slice(-n),
};
