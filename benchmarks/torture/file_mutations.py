"""How a file of texts is spoiled: each is a function of a random stream and a `Spoiled`, which it changes."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from benchmarks.torture import mutations

_OF_BYTES = [mutations.flipped_bit, mutations.set_bytes, mutations.truncated, mutations.appended, mutations.prepended]
_OF_BYTES += [mutations.inserted, mutations.removed, mutations.repeated, mutations.swapped_blocks, mutations.zeroed]

_PIECES = [
    *(
        b"\0",
        b"\r",
        b"\r\r",
        b"\r\n",
        b"\n",
        b"\n\n\n",
        b"\t",
        b",",
        b";",
        b"|",
        b'"',
        b'""',
        b'"""',
        b"'",
        b"\\",
        b"\\n",
    ),
    *(b"\xff", b"\xc3", b"\xe9", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"\x93NUMPY", b"%PDF-", b"\x80\x04\x95", b"PAR1", b"\xd0\xcf\x11\xe0"),
    *(b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"1e999", b"-0", b"\\ud800", b"\\u0000", b'{"a": ', b"[]\n"),
    *(b"{}\n", b"[" * 50_000, b'{"a":' * 20_000, b"9" * 5000, b'"' * 3001, b"," * 5000, b"\t" * 5000, b"a " * 90_000),
    *(b"__label__", b"__label__ ", b" __label__1 ", b"label", b"text", b"sep=;\n", b"sep=\n", b"nan", b"#", b"=1+1"),
    *("\u0130\u202e\x1b[2J\x85\u2028\u200b\ufeff\U0010ffff".encode(), b"1.0", b"1_0", b"\xd9\xa1", b"\xc2\xb2", b"inf"),
]
_SEPARATORS = [b",", b";", b"\t", b"|", b" ", b"::", b'"', b"'", b"\n", b"\r\n", b"\r", b":", b"", b"__label__"]
_ENCODINGS = [
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-8-sig",
    "gb18030",
    "utf-7",
    "cp500",
    "cp1251",
    "latin-1",
]
_NAMES = ["a.csv", "a.tsv", "a.txt", "a.json", "a.jsonl", "a.gz", "a.csv.gz", "a.pos", "a.neg", "a.ft", "a", "a.xlsx"]
_NAMES += [".csv", "a.CSV", "a b;,\t.csv", "\u202e.tsv", "\x1b[2J.tsv", "e\u0301" * 20, "test", "train", "unsup.txt"]


@dataclass
class Spoiled:
    """path: what is given. files: path -> bytes. links: path -> where it points to."""

    path: str
    files: dict
    links: dict

    def some(self, rng):
        """A file that is not empty, or None."""
        full = sorted(name for name, content in self.files.items() if content)
        return full[rng.integers(len(full))] if full else None


def spoil(rng, spoiled):
    """One change, seldom two or three."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        KINDS[rng.integers(len(KINDS))](rng, spoiled)


def _on_content(change):
    """A change of bytes as one of a random file; inside of gzip every other time."""

    def kind(rng, spoiled):
        if (name := spoiled.some(rng)) is None:
            return
        content = spoiled.files[name]
        unpacked = None
        if content.startswith(b"\x1f\x8b") and rng.random() < 0.5:
            try:
                unpacked = gzip.decompress(content)
            except (OSError, EOFError, zlib.error):
                unpacked = None
        if unpacked:
            spoiled.files[name] = gzip.compress(bytes(change(rng, unpacked)), 1, mtime=0)
        else:
            spoiled.files[name] = bytes(change(rng, content))

    kind.__name__ = change.__name__
    return kind


def of_bytes(rng, content):
    return _OF_BYTES[rng.integers(len(_OF_BYTES))](rng, content, None)


def pieces(rng, content):
    """Hostile bytes at up to three places, every other time at the start of a line."""
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(content) + 1))
        if rng.random() < 0.5:
            place = content.rfind(b"\n", 0, place) + 1
        content = content[:place] + _PIECES[rng.integers(len(_PIECES))] + content[place:]
    return content


def replaced(rng, content):
    """One separator by another, everywhere or at one place."""
    old, new = (_SEPARATORS[i] for i in rng.integers(len(_SEPARATORS), size=2))
    return content.replace(old or b"e", new, -1 if rng.random() < 0.5 else 1)


def lines(rng, content):
    """A line left out, twice, a thousand times, cut, moved; the first one left out; all shuffled."""
    found = content.split(b"\n")
    i, kind = int(rng.integers(len(found))), rng.integers(7)
    if kind == 0:
        del found[i]
    elif kind == 1:
        found.insert(i, found[i])
    elif kind == 2:
        found[i:i] = [found[i]] * 1000
    elif kind == 3:
        found[i] = found[i][: rng.integers(len(found[i]) + 1)]
    elif kind == 4:
        found.insert(int(rng.integers(len(found))), found.pop(i))
    elif kind == 5:
        del found[0]
    else:
        found = [found[j] for j in rng.permutation(len(found))]
    return b"\n".join(found)


def encoded(rng, content):
    """In another encoding, or the UTF-8 of what its bytes are in another."""
    encoding = _ENCODINGS[rng.integers(len(_ENCODINGS))]
    if rng.random() < 0.2:
        return content.decode("latin-1").encode()
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def packed(rng, content):
    return gzip.compress(content, 1, mtime=0)


def renamed(rng, spoiled):
    """The file, or a folder or a file in the folder, gets another name, or another place."""
    name = _NAMES[rng.integers(len(_NAMES))]
    if len(spoiled.files) == 1 and spoiled.path in spoiled.files:
        spoiled.files[name] = spoiled.files.pop(spoiled.path)
        spoiled.path = name
    elif spoiled.files:
        old = sorted(spoiled.files)[rng.integers(len(spoiled.files))]
        parts = list(PurePosixPath(old).parts)
        parts[rng.integers(len(parts))] = name
        spoiled.files["/".join(parts)] = spoiled.files.pop(old)


def folder(rng, spoiled):
    """Files left out, empty ones, a link to the folder itself, one to nowhere."""
    kind = rng.integers(4)
    if kind == 0:
        spoiled.files = {name: content for name, content in spoiled.files.items() if rng.random() < 0.5}
    elif kind == 1:
        spoiled.files[f"{spoiled.path}/{_NAMES[rng.integers(len(_NAMES))]}"] = b""
    else:
        name = f"{spoiled.path}/{_NAMES[rng.integers(len(_NAMES))]}"
        spoiled.links[name] = "." if kind == 2 else "nowhere"


KINDS = [
    _on_content(change) for change in (of_bytes, of_bytes, pieces, pieces, replaced, lines, lines, encoded, packed)
]
KINDS += [renamed, folder]
