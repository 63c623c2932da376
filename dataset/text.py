"""From a text to ids: cleaning, tokenizing, and the vocabulary.
A token is a word of any script, a number, "!", "?", an emoji or a smiley; everything else separates tokens.
docs/words.md says what is read as what, and why.
Ids 0 and 1 are the padding and the unknown word; ordinary words start at 2."""

import functools
import itertools
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields

import numpy as np

from dataset.chinese_words import cutter, find_words
from dataset.signs import replace_signs
from dataset.stopwords import NEGATIONS, STOPWORDS
from dataset.token_patterns import token_pattern, unicode_token

PAD, UNK = 0, 1

# The look-aheads stop at the next opening, so that a text with many unclosed ones takes linear time.
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>(?:(?!<\1\b).)*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[/!?]?[a-zA-Z][^<>]*>")
# Bounded: html.unescape calls int(), which raises for more than 4,300 digits.
_ENTITY = re.compile(r"&(?:#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_DOT_ABOVE = re.compile("(?<=[ij\u012f\u0268\u1e2d\u1ecb])\u0307+")  # of small letters that have their dot already
_MAX_MARKS = 30  # in a row: as in Unicode's stream-safe format (UAX 15), and more than any script needs
_BACKTICK = re.compile(r"(?<=[^\W\d_])`(?=[^\W\d_])")  # typed for an apostrophe
_POSSIBLE_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MAX_MARKS + 1},}}")

TOKENIZERS = ("characters", "words")
_LONG = 1 << 16  # characters: the tokens of a longer text are found one after the other


@dataclass(frozen=True)
class Cleaning:
    """What `tokenize` removes from a text, and what is a token of Chinese; the values of `asdict` survive JSON.
    ValueError for another value, DataError for words where the package that finds them is missing.

    remove_html: tags, and entities become their characters; without it "<br />" is the word "br".
    remove_punctuation: the tokens "!" and "?"; other punctuation is never a token. Smileys and emoji stay.
    remove_stopwords: English function words ("the", "of", "she's"). "not", "never", "didn't", "without", "but" and the
    like (`dataset.stopwords.NEGATIONS`) stay: without them "not a good film" would be "good film", the opposite.
    remove_negations: those, too.
    tokenizer: "characters", or "words", for which runs of Han characters are cut (`dataset.chinese_words`).
    """

    remove_html: bool = True
    remove_punctuation: bool = False
    remove_stopwords: bool = False
    remove_negations: bool = False
    tokenizer: str = "characters"

    def __post_init__(self):
        for field in fields(self):
            if field.type is bool and not isinstance(value := getattr(self, field.name), bool):
                raise ValueError(f"Cleaning: expected {field.name} to be True or False, got {value!r}")
        if not isinstance(self.tokenizer, str) or self.tokenizer not in TOKENIZERS:
            raise ValueError(f"Cleaning: expected tokenizer to be characters or words, got {self.tokenizer!r}")
        if self.tokenizer == "words":
            cutter()  # before any work is done for it

    @functools.cached_property
    def removed(self):
        """The tokens that are removed: frozenset of str."""
        removed = frozenset("!?") if self.remove_punctuation else frozenset()
        removed |= STOPWORDS if self.remove_stopwords else frozenset()
        return removed | (NEGATIONS if self.remove_negations else frozenset())


_DEFAULT = Cleaning()


def clean(text, lower=True, remove_html=True):
    """The text as a reader sees it: without HTML, in Unicode form NFKC, with straight apostrophes, in lower case.
    What only changes how a sign is drawn goes: soft hyphens, variation selectors, skin tones.

    Tags, comments and the content of script and style become a space; entities are unescaped after that, so that
    "&lt;b&gt;" is text and not a tag, as in a browser. "a < b" and "<3" are not tags and stay.

    text: any str, lone surrogates and NULs included -> str, with at most 30 combining marks in a row. lower: to lower
    case; remove_html: tags and entities, too.
    """
    if remove_html and ("<" in text or "&" in text):
        text = _without_html(text)
    if text.isascii():
        text = text.lower() if lower else text
    else:
        text = _normalize("NFKC", replace_signs(text))
        if lower:
            # U+0130, the dotted capital of Turkish, becomes an "i" with a dot; of "J" with a caron two characters one.
            text = unicodedata.normalize("NFC", _DOT_ABOVE.sub("", text.lower()))
    return _BACKTICK.sub("'", text) if "`" in text else text


def _without_html(text):
    if not text.isascii():
        text = _normalize("NFC", text)  # else "<A" with an accent would be a tag in one form and not in the other
    if "<!--" in text:
        text = _COMMENT.sub(" ", text)
    text = _TAG.sub(" ", _SCRIPT.sub(" ", text))
    import html  # here, as most texts have none and its table takes as long as a small net

    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _normalize(form, text):
    return unicodedata.normalize(form, _POSSIBLE_MARKS.sub(_limit_marks, text))


def _limit_marks(found):
    """The characters of a match without the marks after the 30th in a row: normalizing n of them takes n^2 steps."""
    characters, marks = [], 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= _MAX_MARKS:
            characters.append(character)
    return "".join(characters)


def tokenize(text, cleaning=_DEFAULT):
    """The tokens of a text, in order, without those that `cleaning` (a Cleaning) removes.

    Words keep their inner apostrophes ("didn't") and their combining marks; scripts written without spaces
    (Han, Kana, Thai, Lao, Khmer, Myanmar) give one token for each character, marks included, of Han also one for each
    word; numbers stay whole ("10/10", "3.5"), and so do smileys (":)", "<3", "^_^").

    text: any str; it is cleaned first -> list of str, interned, so that equal tokens share their memory.
    """
    return list(map(sys.intern, find_tokens(text, cleaning)))


def find_tokens(text, cleaning=_DEFAULT):
    """An iterable of the same tokens, of which equal ones are several objects: those of a long text take ten times its
    memory until they are interned.
    """
    text, pattern = _cleaned(text, cleaning)
    if cleaning.tokenizer == "words" and pattern is unicode_token():
        found = find_words(text)
    else:
        found = pattern.findall(text) if len(text) <= _LONG else map(re.Match.group, pattern.finditer(text))
    return (token for token in found if token not in cleaning.removed) if cleaning.removed else found


def has_token(text, cleaning=_DEFAULT):
    """Whether `tokenize` finds any token; it finds one in characters where it does in words."""
    text, pattern = _cleaned(text, cleaning)
    return any(found[0] not in cleaning.removed for found in pattern.finditer(text))


def _cleaned(text, cleaning):
    """The clean text, and the pattern of its tokens."""
    text = clean(text, remove_html=cleaning.remove_html)
    return text, token_pattern(text)


def head_and_tail(tokens, max_len):
    """At most `max_len` entries: of a longer sequence the first ceil(max_len/2) and last floor(max_len/2).

    Reviews tend to give their verdict at the start and at the end.

    tokens: list or (T,) array -> of the same kind; `tokens` itself if it is short enough. ValueError for max_len < 1.
    """
    if max_len < 1:
        raise ValueError(f"head_and_tail: expected max_len >= 1, got {max_len}")
    if len(tokens) <= max_len:
        return tokens
    parts = head(tokens, max_len - max_len // 2), tokens[len(tokens) - max_len // 2 :]
    return np.concatenate(parts) if isinstance(tokens, np.ndarray) else parts[0] + parts[1]


def head(tokens, max_len):
    """The first `max_len` entries, or fewer: list or (T,) array, as `tokens` is."""
    return tokens[:max_len]


def tail(tokens, max_len):
    """The last `max_len` entries, or fewer: list or (T,) array, as `tokens` is."""
    return tokens[-max_len:]


KEEPS = {"head-and-tail": head_and_tail, "head": head, "tail": tail}  # the part of a longer text that a model reads


class Vocab:
    """Words and their ids: 0 is the padding, 1 the unknown word, ordinary words follow from 2 on.

    `word_to_id` (dict) has the ordinary words only, so that the literal text "<pad>" or "<unk>" never becomes the
    padding; `id_to_word` (list) starts with the names of the two. `Vocab(vocab.words) == vocab`.

    words: the ordinary words in the order of their ids. ValueError for one that is no str, or occurs twice.
    """

    def __init__(self, words):
        if isinstance(words, str):
            raise ValueError(f"Vocab: expected a list of words, got one str {words[:40]!r}")
        self.words = list(words)
        for word_id, word in enumerate(self.words, start=2):
            if not isinstance(word, str):
                raise ValueError(f"Vocab: expected words of type str, got {word!r} for id {word_id}")
        self.word_to_id = dict(zip(self.words, itertools.count(2)))
        if len(self.word_to_id) < len(self.words):
            word, _ = Counter(self.words).most_common(1)[0]
            first = self.words.index(word)
            ids = f"{first + 2} and {self.words.index(word, first + 1) + 2}"
            raise ValueError(f"Vocab: expected distinct words, got {word!r} twice, for ids {ids}")
        self.id_to_word = ["<pad>", "<unk>", *self.words]

    @classmethod
    def build(cls, token_lists, max_size=None, min_count=1):
        """The vocabulary of a corpus, frequent words first, words of equal count in alphabetical order.

        token_lists: iterable of lists of str. max_size: the maximum number of ids, PAD and UNK included. min_count:
        rarer words are left out. ValueError for max_size < 3, or a str instead of a list of tokens.
        """
        counts = Counter()
        for tokens in token_lists:
            counts.update(_check_tokens(tokens, "Vocab.build"))
        return cls.from_counts(counts, max_size, min_count)

    @classmethod
    def from_counts(cls, counts, max_size=None, min_count=1):
        """`build` from the number of occurrences of each word: dict of str to int."""
        if max_size is not None and max_size <= 2:
            raise ValueError(f"Vocab: expected max_size > 2 (PAD and UNK take two), got {max_size}")
        words = [word for word, count in counts.items() if count >= min_count]
        words.sort(key=lambda word: (-counts[word], word))
        return cls(words if max_size is None else words[: max_size - 2])

    def encode(self, tokens):
        """The ids of a list of tokens: (T,) int32, UNK for an unknown word. ValueError for a str."""
        ids = [self.word_to_id.get(token, UNK) for token in _check_tokens(tokens, "Vocab.encode")]
        return np.array(ids, dtype=np.int32)

    def decode(self, ids):
        """The words of a (T,) sequence of ids: list of str. ValueError for an id outside 0 .. len - 1."""
        for word_id in ids:
            if not 0 <= word_id < len(self):
                raise ValueError(f"Vocab.decode: expected ids from 0 to {len(self) - 1}, got {word_id}")
        return [self.id_to_word[word_id] for word_id in ids]

    def renewed(self):
        """The Vocab with each word as `clean` writes it now, unless that is another word here: for earlier versions."""
        words, forms = list(self.words), set()
        for i, word in enumerate(words):
            if not word.isascii():
                form = clean(word, remove_html=False)
                if form not in self.word_to_id and form not in forms:
                    words[i] = form
                    forms.add(form)
        return Vocab(words) if forms else self

    def __len__(self):
        return len(self.id_to_word)

    def __contains__(self, word):
        return word in self.word_to_id

    def __eq__(self, other):
        return self.words == other.words if isinstance(other, Vocab) else NotImplemented

    __hash__ = None  # equal by content, and its lists can change

    def __repr__(self):
        return f"Vocab({len(self)} ids)"


def _check_tokens(tokens, where):
    """`tokens` itself; a str would silently be read as a list of letters."""
    if isinstance(tokens, str):
        raise ValueError(f"{where}: expected a list of tokens, got a str {tokens[:40]!r} (tokenize it first)")
    return tokens
