"""The reader of docs/onnx.md, as it stands there, beside ours."""

import ast

import numpy as np
import pytest
from conftest import ROOT, fenced
from nets_to_export import V, classifier, net, wide

from ch_sentiment.export.onnx import onnx_bytes
from dataset.text import Cleaning, tokenize

(READER, *_) = fenced((ROOT / "docs" / "onnx.md").read_text(encoding="utf-8"), "python")
SNIPPETS = (
    *("<br />", "<b>x</b>", "<!-- a -->", "<script>if (a < b)</script>", "&amp;", "&lt;b&gt;", "&#x41;", "a < b", "<3"),
    *(":)", ":-(", "^_^", "o_O", "10/10", "3.5", "didn't", "don`t", "don\u2019t", "\u00b42", "\u00bd", "\u2122"),
    *("e\u0301", "a" + "\u0301" * 40, "\u200d", "\ufe0f", "\u00ad", "\U0001f3fd", "\U0001f468\u200d\U0001f469", "8-)"),
    *("GREAT", "word7", "Word9!", "?", "&", "<", "the", "not", "\u4e0d\u597d", "\u0e44\u0e21\u0e48", "\u0130I"),
    *("\uff76\uff9e", "\u1fef", "\u212b"),
)  # fmt: skip
BLOCKS = [0, 0x80, 0x300, 0x900, 0xE00, 0x2000, 0x3000, 0x4E00, 0xAC00, 0xFE00, 0x1F300, 0xE0000]


def reader_of(model, folder):
    names = {"__name__": "reader"}
    exec(compile(READER, "docs/onnx.md", "exec"), names)  # noqa: S102
    (folder / "model.onnx").write_bytes(onnx_bytes(model))
    return names["Reader"](str(folder / "model.onnx"))


def texts_of_all_scripts(N, seed=0):
    """N texts of pieces of HTML, faces and English, and of characters of all planes, mostly from one block each."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(N):
        block = int(
            rng.choice([0, 0x80, 0x300, 0x900, 0xE00, 0x2000, 0x3000, 0x4E00, 0xAC00, 0xFE00, 0x1F300, 0xE0000])
        )
        block = int(rng.integers(0x20000)) if rng.random() < 0.5 else block
        codes = block + rng.integers(0, 0x100, rng.integers(0, 20))
        pieces = [chr(code) for code in codes] + [str(s) for s in rng.choice(SNIPPETS, rng.integers(0, 8))]
        rng.shuffle(pieces)
        found.append("".join(piece + " " * int(rng.random() < 0.4) for piece in pieces))
    return found


def test_the_reader_needs_nothing_but_numpy_and_onnxruntime():
    imports = [node for node in ast.walk(ast.parse(READER)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    named = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    assert named == {"html", "json", "re", "unicodedata", "numpy", "onnxruntime"} and len(named) == len(imports)


@pytest.mark.parametrize(
    ("cleaning", "N"),
    [(Cleaning(), 2000), (Cleaning(remove_html=False), 500), (Cleaning(True, True, True, True), 500)],
)
def test_the_reader_finds_our_tokens_in_all_scripts(cleaning, N, tmp_path):
    reader = reader_of(classifier(net(), cleaning=cleaning), tmp_path)
    for text in texts_of_all_scripts(N):
        assert reader.tokens(text) == tokenize(text, cleaning), ascii(text)


@pytest.mark.parametrize("keep", ["head-and-tail", "head", "tail"])
def test_the_reader_gives_our_probabilities(keep, tmp_path):
    model = classifier(wide(keep), keep=keep, calibration={"temperature": 1.3})
    texts = [" ".join(f"word{i % (V + 2)}" for i in range(n, 3 * n)) for n in range(100)] + ["", "<br />", "!? :)"]
    reader = reader_of(model, tmp_path)
    np.testing.assert_allclose(reader.predict_proba(texts), model.predict_proba(texts), rtol=0, atol=1e-5)
    assert reader.predict_proba([]).shape == (0, 2)
