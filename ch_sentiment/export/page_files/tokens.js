"use strict";
// From a text to tokens, as dataset/text.py does it. What depends on a version of Unicode (classes of characters, signs,
// the pattern of a token) comes from the Python that wrote this page; characters that it did not know stay as they are.

const CLASSES = ["LETTER", "UNSPACED", "MARK", "DIGIT", "UNASSIGNED", "SIGN"]; // a digit is a letter, too
const [LETTER, UNSPACED, MARK, DIGIT, UNASSIGNED, SIGN] = CLASSES.map((_, bit) => 1 << bit);
// Before the pattern is asked, a character stands for all of its class, another for those of two code units: expressions
// with whole classes in them are a hundred times as slow.
const STAND_INS = { LETTER: "é𐐨", UNSPACED: "一𠀀", MARK: "\u0300\u{1d165}", DIGIT: "٠𐒠" };
const SPACE = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"; // Python's

// runs: "2p 6 ...", in base 36 the distances between the first and last characters of a class.
function classTable(classes) {
  const table = new Uint8Array(0x110000);
  CLASSES.forEach((name, bit) => {
    let last = 0;
    const ends = classes[name].split(" ").map((gap) => (last += parseInt(gap, 36)));
    for (let i = 0; i < ends.length; i += 2)
      for (let code = ends[i]; code <= ends[i + 1]; code++) table[code] |= 1 << bit;
  });
  return table;
}

// tables: as page_tables.py writes them -> a function of a text that finds its tokens.
function makeTokenizer({ classes, signs, token, named, removed, removeHtml }) {
  const table = classTable(classes);
  const is = (character, kind) => (table[character.codePointAt(0)] & kind) !== 0;
  const [script, style] = ["[sSſ][cC][rR][iIİı][pP][tT]", "[sSſ][tT][yY][lL][eE]"].map(
    (name) => `${name}(?![\\p{L}\\p{N}_])[^<>]*>(?:(?!<${name}(?![\\p{L}\\p{N}_]))[^])*?</${name}[${SPACE}]*>`,
  );
  const SCRIPT = new RegExp(`<(?:${script}|${style})`, "gu");
  const COMMENT = /\x3c!--(?:(?!\x3c!--)[^])*?-->/g;
  const TAG = /<[/!?]?[a-zA-Z][^<>]*>/g;
  const ENTITY = /&(?:#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});/g;
  const NO_CHARACTER = /^(?:[\x01-\x08\x0b\x0e-\x1f\x7f]|\p{Noncharacter_Code_Point})$/u;
  const DOT_ABOVE = /(?<=[ij\u012f\u0268\u1e2d\u1ecb])\u0307+/g;
  const inPattern = (kind) => named.filter((c) => is(c, kind)).join("");
  const contents = {
    LETTER: `a-zA-Z0-9${STAND_INS.LETTER}${STAND_INS.DIGIT}${inPattern(LETTER)}`,
    UNSPACED: STAND_INS.UNSPACED + inPattern(UNSPACED),
    MARK: STAND_INS.MARK + inPattern(MARK),
    DIGIT: `0-9${STAND_INS.DIGIT}`,
    SPACE,
  };
  const TOKEN = new RegExp(token.replace(/\{([A-Z]+)\}/g, (_, name) => contents[name]), "gu");
  const gone = new Set(removed), asItself = new Set(named);
  const holder = document.createElement("textarea"); // never shown: markup in it is text, entities are read

  const ascii = (text) => /^[\0-\x7f]*$/.test(text);
  const mapCharacters = (text, f) => Array.from(text, f).join("");

  // f of each part between characters that Python did not know
  function known(text, f) {
    let out = "", start = 0, at = 0;
    for (const character of text) {
      const next = at + character.length;
      if (is(character, UNASSIGNED)) {
        out += f(text.slice(start, at)) + character;
        start = next;
      }
      at = next;
    }
    return out + f(text.slice(start));
  }

  function normalize(form, text) { // of more than 30 marks in a row the others go
    let marks = 0;
    const limited = mapCharacters(text, (c) => ((marks = is(c, MARK) ? marks + 1 : 0) > 30 ? "" : c));
    return known(limited, (part) => part.normalize(form));
  }

  function entity(found) {
    holder.innerHTML = found;
    const read = holder.textContent;
    return /^&#x?0*[1-9a-f]/i.test(found) && NO_CHARACTER.test(read) ? "" : read; // dropped by Python's reader, too
  }

  function withoutHtml(text) {
    if (!ascii(text)) text = normalize("NFC", text);
    return text.replace(COMMENT, " ").replace(SCRIPT, " ").replace(TAG, " ").replace(ENTITY, entity);
  }

  function clean(text) {
    if (removeHtml && /[<&]/.test(text)) text = withoutHtml(text);
    if (ascii(text)) text = text.toLowerCase();
    else {
      text = normalize("NFKC", mapCharacters(text, (c) => (is(c, SIGN) ? signs[c] ?? "" : c)));
      text = known(text, (part) => part.toLowerCase()); // whole strings: a sigma at the end of a word is another
      text = known(text.replace(DOT_ABOVE, ""), (part) => part.normalize("NFC"));
    }
    const alphabetic = (c) => is(c, LETTER | UNSPACED) && !is(c, DIGIT);
    return text.replace(/(?<=(.))`(?=(.))/gsu, (sign, a, b) => (alphabetic(a) && alphabetic(b) ? "'" : sign));
  }

  function standIn(character) {
    const kind = table[character.codePointAt(0)] & (LETTER | UNSPACED | MARK | DIGIT);
    if (!kind || character <= "\x7f" || asItself.has(character)) return character;
    const name = kind & MARK ? "MARK" : kind & DIGIT ? "DIGIT" : kind & UNSPACED ? "UNSPACED" : "LETTER";
    return character.length === 1 ? STAND_INS[name][0] : STAND_INS[name].slice(1);
  }

  return (text) => {
    text = clean(text);
    const found = (ascii(text) ? text : mapCharacters(text, standIn)).matchAll(TOKEN);
    return Array.from(found, ({ index, 0: { length } }) => text.slice(index, index + length)).filter((t) => !gone.has(t));
  };
}

// The part of a longer text that a model reads.
const KEEPS = {
  "head-and-tail": (words, n) => words.slice(0, Math.ceil(n / 2)).concat(words.slice(words.length - Math.floor(n / 2))),
  head: (words, n) => words.slice(0, n),
  tail: (words, n) => words.slice(-n),
};
const cut = (words, { maxLen, keep }) => (words.length <= maxLen ? words : KEEPS[keep](words, maxLen));
