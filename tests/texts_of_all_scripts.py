"""Texts of all scripts, drawn from a seed: what the tokenizer of a page is held equal to Python's on."""
# ruff: noqa: SIM905  (a list of 80 quoted signs cannot be read)

import html.entities
import sys
import unicodedata

import numpy as np

WHOLE = [*"abcdeghijknoruvxyzABCDEIST0123456789", *" \n\t.,!?'`-_:;<>/&()[]{}|*~^=+@$%#\"\\"]
SIGNS = [
    *r":) :-( ;) <3 </3 ^_^ o_O T_T x_x :'( (: )) (( \o/ 8-) >_< -_- =) :D :p 10/10 3.5 7,5 1/2 ½ 3½".split(" "),
    *"(´∀`) ・ω・ ◕‿◕ ≧▽≦ ¬¬ 🇩🇪 👍🏽 👩\u200d👩\u200d👧 ❤️ 1️⃣ № ™ ② ㍿ ﷺ ﾊﾟ か\u3099 ǅ ﬁ 𝐆𝐨𝐨𝐝 𐐀𐐨".split(" "),
    *"I’m don`t didn´t it's 'tis rock'n'roll É e\u0301 İ ı ſ \u212a \u212b ß ẞ ΟΔΟΣ ΟΔΟΣ. ΑΣ' Σ".split(" "),
    *"한국어 한글 不好 食べる ไม่ดี ទេ မကောင်းဘူး ລາວ नहीं नमस्ते می\u200cخواهم لا عَرَبِيّ עברית Привет ქართული".split(" "),
]
MARKUP = [
    *"<br /> <b> </b> <!-- --> <!-- <script> </script> <STYLE> </style> <a\u0301> <3 a<b <ſtyle> </scrıpt>".split(" "),
    *["</p\n>", "</style >", "<p class='x'>", "<!DOCTYPE html>", "<script\u00e9>"],
    *"&lt;b&gt; &amp;amp; &#x41; &#65; &#0; &#13; &#1; &#11; &#127; &#128; &#129; &#x9f; &#xD83D; &#xFFFE;".split(" "),
    *"&#x1FFFF; &#xFDD0; &#x110000; &#9999999999; &#xFFFFFFFF; &notit; &nosuch; &Amp; &ampx; &amp".split(" "),
]
NAMES = sorted(html.entities.html5)


def texts(count, seed=0):
    """-> list of str; the same for the same Python."""
    rng = np.random.default_rng(seed)
    codes = np.array([c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Co", "Cn")])
    blocks = np.unique(codes >> 7)  # of 128 characters: most are of one script

    def word():
        block = rng.choice(blocks)
        own = codes[np.searchsorted(codes, block << 7) : np.searchsorted(codes, (block + 1) << 7)]
        return "".join(map(chr, rng.choice(own, rng.integers(1, 9))))

    def piece():
        kind = rng.integers(12)
        if kind < 4:
            return word()
        if kind < 7:
            return "".join(rng.choice(WHOLE, rng.integers(1, 8)))
        if kind < 9:
            return str(rng.choice(SIGNS))
        if kind == 9:
            return str(rng.choice(MARKUP))
        if kind == 10:
            return f"&{rng.choice(NAMES)}"
        odd = rng.integers(4)
        if odd == 0:
            return chr(rng.integers(sys.maxunicode + 1))
        if odd == 1:  # a row of marks
            return word()[:1] + "".join(map(chr, rng.integers(0x300, 0x36F, rng.integers(1, 40))))
        return str(rng.choice(["\u200d", "\u00ad", "\u0307", "\x85", "\x1c"]))

    def text():
        return str(rng.choice(["", " ", " ", "\n"])).join(piece() for _ in range(rng.integers(1, 12)))

    return [text() for _ in range(count)]
