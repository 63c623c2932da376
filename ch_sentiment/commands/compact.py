"""Make a small copy of a trained model, and score both on labelled texts."""

import argparse
import json
import os
import re

from ch_sentiment.commands.arguments import (
    add_cells_argument,
    add_data_argument,
    add_reading_options,
    check_output,
    data_options,
    register_cells,
)
from ch_sentiment.commands.evaluate import default_data, subject_of
from ch_sentiment.commands.formatting import table
from ch_sentiment.console import say, warn
from ch_sentiment.experiment import answering
from ch_sentiment.experiment.classifier import Classifier, model_path
from ch_sentiment.experiment.load import load_cached_test
from ch_sentiment.experiment.option import COUNT
from ch_sentiment.experiment.packing import DTYPES
from ch_sentiment.export.compact import compact

HELP = "make a small copy of a trained model: fewer words, weights in 8 or 16 bits"
SIZE = 1_000_000  # bytes
CHANGES = ("became_right", "became_wrong")
# Stands in the copy while its size is chosen, for what `compared` will find.
WIDEST = {"texts": 10**9, "accuracy": [0.123456] * 2, "loss": [1e3 + 0.123456] * 2, **dict.fromkeys(CHANGES, 10**9)}
UNITS = {"": 1, "kB": 1000, "MB": 1_000_000}


def size(text):
    """Bytes: "900000", "900kB", "1.5MB"."""
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(|kB|MB)", text)
    if found is None or (value := float(found[1]) * UNITS[found[2]]) < 1:
        raise argparse.ArgumentTypeError(f"expected bytes, as in 900000, 900kB or 1.5MB, got {text!r}")
    return int(value)


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    add_data_argument(parser, "the test part of the phrases, for a model that was trained on them")
    parser.add_argument("--out", metavar="FILE", help="where the copy goes (default: model.compact.npz beside it)")
    parser.add_argument("--words", type=COUNT, metavar="N", help="how many words to keep (default: as many as fit)")
    most = f"bytes that the copy may have, as in 900kB (default: {SIZE // UNITS['MB']}MB, unless --words is given)"
    parser.add_argument("--size", type=size, metavar="BYTES", help=most)
    parser.add_argument("--dtype", choices=DTYPES, default=DTYPES[0], help="of the weights (default: %(default)s)")
    add_cells_argument(parser)
    add_reading_options(parser)
    parser.add_argument("--no-cache", action="store_true", help="do not store the tokens of long data for later runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def run(options):
    """Write the copy and print a table; -> exit code 0. DataError, CheckpointError, OSError."""
    source = model_path(options.model)
    out = os.path.splitext(source)[0] + ".compact.npz" if options.out is None else options.out
    register_cells(options)
    model = Classifier.load(source)
    data = data_options(options, data=None)
    data.data = default_data(model) if data.data is None else data.data
    check_output("--out", out, [source, data.data])
    limit = SIZE if options.size is None and options.words is None else options.size
    size_before, metrics = os.path.getsize(source), model.metrics
    about = {"of_bytes": size_before, "data": os.path.basename(os.path.normpath(data.data))}
    model.metrics = {**metrics, "compact": {**about, **WIDEST}}
    small = compact(model, options.dtype, options.words, limit)
    part, tokens = load_cached_test(data, model, not options.no_cache, not options.json)
    (warn if options.json else say)(*subject_of(part, tokens, model, data.data)["notes"])
    warn("scoring them with the model and its copy ...")
    scores = compared(*(answering.predict_proba(each, part.texts) for each in (model, small)), part.t)
    small.metrics = {**metrics, "compact": {**about, **scores}}
    small.save(out)
    found = {"file": out, "dtype": options.dtype, "bytes": [size_before, os.path.getsize(out)]}
    found["words"] = [len(each.vocab.words) for each in (model, small)]
    found["ngrams"] = [ngrams(each.net) for each in (model, small)]
    say(*[json.dumps({**found, **scores, "data": data.data})] if options.json else report(found, scores))
    return 0


def compared(before, after, t):
    """Probabilities (N, C) of the model and of its copy, class ids (N,) -> what changed, in numbers."""
    reports = [answering.report(probabilities, t) for probabilities in (before, after)]
    right = [probabilities.argmax(axis=1) == t for probabilities in (before, after)]  # (N,)
    return {
        "texts": len(t),
        **{name: [round(report[name], 6) for report in reports] for name in ("accuracy", "loss")},
        **dict(zip(CHANGES, (int((right[i] & ~right[1 - i]).sum()) for i in (1, 0)))),
    }


def ngrams(net):
    """How many pairs of words, or longer runs, a net knows."""
    return sum(len(keys) for name, keys in net.weights().items() if name.rpartition(".")[2] == "pairs")


def report(found, scores):
    """The same for reading, in lines."""
    rows = [[name, *(f"{n:,}" for n in found[name])] for name in ("bytes", "words", "ngrams") if any(found[name])]
    rows += [["accuracy", *(f"{share:.2%}" for share in scores["accuracy"])]]
    rows += [["loss", *(f"{loss:.4f}" for loss in scores["loss"])]]
    before, after = scores["accuracy"]
    changed = f"{scores['became_right']:,} answers became right and {scores['became_wrong']:,} wrong"
    texts = f"{scores['texts']:,} text{'s' * (scores['texts'] != 1)}"
    points = f"{100 * (after - before):+.2f} points on {texts}: {changed}"
    return [*table(("", "before", "after"), rows).split("\n"), points, f"written to {found['file']}"]
