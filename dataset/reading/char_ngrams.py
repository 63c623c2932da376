"""The n-grams of characters of words, hashed as fastText does, for many words at a time."""

import numpy as np

_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)  # of FNV-1a, 32 bits


def ngram_hashes(words, minn, maxn):
    """The n-grams of minn to maxn characters of "<word>", for M words in bytes of UTF-8.

    A single "<" or ">" at the ends is none. fastText's hash is FNV-1a over bytes with a sign: a byte above 127 changes
    the upper 24 bits, too. -> (K,) int64 index of the word, sorted, and (K,) uint32 hash.
    """
    text = np.frombuffer(b"".join(b"<%b>" % word for word in words) + b"\0", np.int8)  # (B + 1,): always a next byte
    ends = np.cumsum([len(word) + 2 for word in words], dtype=np.int64)  # (M,)
    signed = text.astype(np.uint32)  # -1 -> 2^32 - 1
    within = (text & -64) == -128  # of a byte: it continues a character, 0b10......
    starts = np.flatnonzero(~within[:-1])  # (C,) of the characters
    owners = np.searchsorted(ends, starts, side="right")  # (C,)
    at, hashes = starts.copy(), np.full(len(starts), _BASIS)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint32))]  # start, owner, hash
    for n in range(1, maxn + 1):
        inside = at < ends[owners]
        starts, owners, at, hashes = starts[inside], owners[inside], at[inside], hashes[inside]
        if not len(at):
            break
        hashes = (hashes ^ signed[at]) * _PRIME
        at += 1
        while len(further := np.flatnonzero(within[at] & (at < ends[owners]))):  # the other bytes of the character
            hashes[further] = (hashes[further] ^ signed[at[further]]) * _PRIME
            at[further] += 1
        if n >= minn:
            some = slice(None)
            if n == 1:
                begins = np.concatenate(([0], ends[:-1]))[owners]  # of "<"
                some = (starts != begins) & (at != ends[owners])
            found.append((starts[some], owners[some], hashes[some]))
    starts, owners, hashes = map(np.concatenate, zip(*found))
    order = np.argsort(starts, kind="stable")  # by where they begin, the short ones first, as fastText adds them up
    return owners[order], hashes[order]
