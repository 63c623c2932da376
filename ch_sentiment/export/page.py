"""A trained model as one HTML page that runs it: no server, no network, nothing stored (docs/page.md).

The page holds the weights, the vocabulary and its own JavaScript (page_files/); a Content-Security-Policy allows no
more. What it shows of the model comes from the model's card, or from what the model knows of its training.
"""

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import numpy as np

from ch_sentiment.audit.card_forms import Section, Table, html_sections, read_markdown
from ch_sentiment.audit.model_card import sections_of_metrics
from ch_sentiment.console import printable
from ch_sentiment.experiment.answering import abstain_below, word_for_unsure
from ch_sentiment.experiment.classifier import MODEL, model_path
from ch_sentiment.experiment.run_folder import CARD
from ch_sentiment.export.page_tables import tokenizer_tables
from common import __version__
from common.np import to_cpu
from dataset.errors import DataError
from dataset.reading.input_file import read_text

DTYPES = {"float16": "<f2", "float32": "<f4"}
CELLS = {"rnn": "RNN", "gru": "GRU", "gru-reset-after": "GRU (reset after)", "lstm": "LSTM"}
WIDER = "--page-weights float32"
SCRIPTS = ("tokens.js", "net.js", "view.js")
_FILES = Path(__file__).with_name("page_files")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def page_bytes(model, path=None, words=None, dtype="float16"):
    """A Classifier -> the page. path: of its file or folder, for its name and its card. words: how many words, the most
    frequent ones, the page knows; None: all. dtype: of the weights in the page, a name of DTYPES.

    DataError for a model that a page cannot run, and weights that the dtype cannot hold.
    """
    cell, layers = _check(model, words)
    arrays = {name: to_cpu(array) for name, array in model.net.weights().items()}
    arrays = {_RENAMED.get(name, name): array for name, array in arrays.items()} if cell is None else arrays
    known = model.vocab.words[:words]
    arrays["embed.W"] = arrays["embed.W"][: len(known) + 2]
    described = {
        "cell": cell,
        "layers": layers,
        "bidirectional": model.net.config.get("bidirectional", False),
        "pool": model.net.config.get("pool", "mean"),
        "D": arrays["embed.W"].shape[1],
        "temperature": model.temperature,
        "abstainBelow": abstain_below(model),
        "unsure": word_for_unsure(model.label_names),
        "labels": [printable(name) for name in model.label_names],
        "maxLen": model.max_len,
        "keep": model.keep,
        "words": known,
        "dtype": dtype,
        "arrays": [[name, array.size] for name, array in arrays.items()],
        "tables": tokenizer_tables(model.cleaning),
    }
    weights = b"".join(_as_dtype(name, array, dtype) for name, array in arrays.items())
    script, style = "\n".join(_file(name) for name in SCRIPTS), _file("page.css")
    filled = {
        "policy": _policy(script, style),
        "title": html.escape(f"Sentifish: {printable(_name(path))}" if path else "Sentifish"),
        "what": html.escape(_what(model, cell, layers)),
        "calibration": html.escape(_calibration(model)),
        "cell": f" ({CELLS[cell]})" if cell else "",
        "layers": "".join(options := _layers(layers, described["bidirectional"])),
        "one_layer": "" if len(options) > 1 else "hidden",
        "made": html.escape(_made(model, known, dtype)),
        "card": html_sections(_card(model, path), heading="h3"),
        "model": _json(described),
        "weights": base64.b64encode(weights).decode("ascii"),
        "script": script,
        "style": style,
    }
    page = _PLACE.sub(lambda place: filled[place[1]], _file("page.html"))
    return page.encode("utf-8", "backslashreplace")


_RENAMED = {"0.W": "embed.W", "2.W": "head.W", "2.b": "head.b"}  # of BagOfWords


def _check(model, words):
    """-> name of the cell and number of its layers; of a bag of words None and 0. DataError for what no page runs."""
    kind, config = type(model.net).__name__, getattr(model.net, "config", None)
    if words is not None and words < 1:
        raise DataError(f"--words: expected a number above 0, got {words}")
    if model.cleaning.tokenizer != "characters":
        raise _refused(f"one that reads {model.cleaning.tokenizer}, for which a browser has no segmenter")
    if kind == "BagOfWords":
        return None, 0
    if kind != "SentimentNet" or config is None:
        raise _refused({"NBSVM": "NB-SVM", "WideNet": "a net with a linear part (--wide)"}.get(kind, f"a {kind}"))
    if config["cell"] not in CELLS:
        raise _refused(f"one with the encoder {config['cell']}")
    if config["pair_size"]:
        raise _refused("one with vectors of word pairs (--pairvec)")
    return config["cell"], config["num_layers"]


def _refused(got):
    expected = f"a bag of words or a model of {', '.join(CELLS)}, without pairs of words"
    return DataError(f"--page: expected {expected}, got {got} (--onnx writes other models, too)")


def _as_dtype(name, array, dtype):
    """The bytes of an array, little endian. DataError where a number is not finite, or too large."""
    if not np.isfinite(array).all():
        raise DataError(f"--page: expected finite weights, got nan or inf in {name}")
    if (largest := np.abs(array).max(initial=0)) > np.finfo(DTYPES[dtype]).max:
        raise DataError(f"--page: expected weights that {dtype} holds, got {largest:g} in {name} ({WIDER})")
    return np.ascontiguousarray(array, DTYPES[dtype]).tobytes()


def _file(name):
    return (_FILES / name).read_text(encoding="utf-8")


def _policy(script, style):
    """Nothing from outside, no code but the page's own; the icon is an empty one, for which no server is asked."""
    hashes = (base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style))
    script_hash, style_hash = hashes
    own = f"script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _json(value):
    """JSON in ASCII that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", r"\u003c").replace(">", r"\u003e")


def _name(path):
    path = Path(model_path(path)).resolve()
    return path.parent.name if path.name == MODEL else path.stem


def _what(model, cell, layers):
    """The model in one sentence."""
    labels = [printable(name) for name in model.label_names]
    answers = f"{' or '.join(labels)}" if len(labels) == 2 else f"one of {len(labels):,} labels"
    if cell is None:
        return f"A bag of words that answers {answers}."
    name = f"bidirectional {CELLS[cell]}" if model.net.config["bidirectional"] else CELLS[cell]
    stacked = f" of {layers} layers" if layers > 1 else ""
    return f"{'An' if name[0] in 'LR' else 'A'} {name}{stacked} that answers {answers}."


def _layers(count, bidirectional):
    """The choices of a layer and direction, whose values are their numbers: list of str."""
    sides = (", from the start", ", from the end") if bidirectional else ("",)
    return [
        f'<option value="{layer} {side}">{layer + 1}{name}</option>'
        for layer in range(count)
        for side, name in enumerate(sides)
    ]


def _calibration(model):
    said = "Not calibrated: the scores are used as they are."
    if model.calibration is not None:
        said = f"Calibrated: the scores are divided by a temperature of {model.temperature:.4g}."
    if (below := abstain_below(model)) is None:
        return said
    return f"{said} Below {below:.1%} the answer is \u201c{word_for_unsure(model.label_names)}\u201d."


def _made(model, known, dtype):
    all_words = len(model.vocab.words)
    part = f", the most frequent of {all_words:,}" if len(known) < all_words else ""
    return f"Written by sentifish {__version__}: {len(known):,} words{part}; weights in {dtype}."


def _card(model, path):
    """Sections of the card that `sentifish audit` wrote beside the model; or else of what the model knows."""
    none = [Section("", ["Without an audit: `sentifish audit` writes a whole card."]), *sections_of_metrics(model)]
    if path is None:
        return none
    file = Path(model_path(path))
    try:
        sections = read_markdown(read_text(file.parent / CARD[0]))
    except (OSError, ValueError):
        return none
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    cells = [cell for s in sections for part in s.parts if isinstance(part, Table) for row in part.rows for cell in row]
    if sha256 not in cells:
        other = "The card beside the model is of another model file: run `sentifish audit` anew. What the model knows:"
        return [Section("", [other]), *sections_of_metrics(model)]
    return sections
