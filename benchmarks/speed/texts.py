"""The texts to train on and to predict: of a labelled file, or made up with the lengths of film reviews.

    python -m benchmarks.speed.texts FOLDER COUNT VOCABULARY [FILE]

writes corpus.npz (ids, lengths, labels), texts.txt, labelled.tsv and words.json into FOLDER, for the processes that
measure.
"""

import json
import sys
from pathlib import Path

import numpy as np

from dataset import labelled_text
from dataset.errors import DataError
from dataset.text import UNK, Vocab, head_and_tail, tokenize

MAX_LEN = 400  # as `sentifish train`
# Of 25,000 film reviews: half have fewer tokens than MEDIAN, and the logarithm of the length has this deviation.
MEDIAN, DEVIATION = 177, 0.64


def zipf_ids(rng, shape, words):
    """Ids from 2 on, of `words` words whose frequency falls as 1 / rank: int32 of this shape."""
    frequency = 1 / np.arange(1, words - 1)
    return (2 + rng.choice(words - 2, shape, p=frequency / frequency.sum())).astype(np.int32)


def made_up(count, words):
    """-> list of `count` texts of words w2, w3 ..., labels (count,) 0 or 1."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.lognormal(np.log(MEDIAN), DEVIATION, count), 5, 2500).astype(int)
    ids = zipf_ids(rng, lengths.sum(), words)
    texts = [" ".join(f"w{i}" for i in part) for part in np.split(ids, np.cumsum(lengths)[:-1])]
    return texts, rng.integers(0, 2, count)


def from_file(name, count):
    """-> up to `count` texts of a labelled file, sampled at random, and their labels. DataError."""
    texts, t, _ = labelled_text.load_data(name, 2)
    sample = np.random.default_rng(0).permutation(len(texts))[:count]
    return [" ".join(texts[i].split()) for i in sample], t[sample]


def load(folder, count):
    """-> list of `count` id arrays (fewer, where the corpus has fewer), labels."""
    with np.load(Path(folder, "corpus.npz")) as saved:
        ends = np.cumsum(saved["lengths"][:count])
        return np.split(saved["ids"][: ends[-1]], ends[:-1]), saved["t"][:count]


def main(folder, count, words, file=None):
    count, words = int(count), int(words)
    texts, t = made_up(count, words) if file is None else from_file(file, count)
    tokens = [tokenize(text) for text in texts]
    vocab = Vocab.build(tokens, words)
    x = [head_and_tail(vocab.encode(text), MAX_LEN) if text else np.array([UNK], np.int32) for text in tokens]
    lengths = np.array([len(ids) for ids in x])
    np.savez(Path(folder, "corpus.npz"), ids=np.concatenate(x), lengths=lengths, t=np.asarray(t, np.int32))
    Path(folder, "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    rows = [f"{label}\t{text}" for label, text in zip(t, texts)]
    Path(folder, "labelled.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path(folder, "words.json").write_text(json.dumps(vocab.words), encoding="utf-8")
    print(f"{len(x):,} texts, {lengths.mean():.0f} tokens each on average, at most {MAX_LEN}, {len(vocab):,} words")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (DataError, OSError) as error:
        sys.exit(f"benchmarks.speed: {error}")
