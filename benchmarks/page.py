"""The page of a model in Chromium: how soon it answers, and how far float16 moves the probabilities.

    python -m benchmarks.page runs/imdb --data train.tsv --words 10000

Opens the page anew for each of a few texts and takes the time from the start of the navigation to the first answer;
then rounds the weights and compares the probabilities of 500 texts. Both with the words that the page knows.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.chromium import Chromium
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.export.page import page_bytes
from dataset.labelled_text import load_data
from dataset.text import UNK

OPENED, TEXTS = 7, 500


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data", required=True, help="labelled text")
    parser.add_argument("--words", type=int, help="as of sentifish export")
    options = parser.parse_args(argv)
    model = Classifier.load(options.model)
    texts = load_data(options.data)[0]
    texts = [texts[i] for i in np.random.default_rng(0).permutation(len(texts))[:TEXTS]]

    chromium = Chromium(shutil.which("chromium"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        path.write_bytes(page_bytes(model, words=options.words))
        times = [first_answer(chromium, path, text) for text in texts[:OPENED]]
        size = path.stat().st_size
    chromium.close()
    print(
        f"{size:,} bytes; first answer after {statistics.median(times):.2f} s (median of {OPENED}), {max(times):.2f} s"
    )

    known = len(model.vocab) if options.words is None else options.words + 2
    ids = [np.where(x < known, x, UNK) for x in model.encode(texts)]
    before = model.predict_proba_of_ids(ids)
    for weights in model.net.weights().values():
        weights[...] = weights.astype(np.float16)
    moved = np.abs(model.predict_proba_of_ids(ids) - before).max(axis=1)  # (N, C) -> (N,)
    print(
        f"float16: probabilities move by {np.median(moved):.1e} (median of {len(ids)} texts), {moved.max():.1e} at most"
    )


def first_answer(chromium, path, text):
    """Seconds from the start of the navigation to the answer to a text that stands there from the start."""
    chromium.open(path)
    typed = f"$('text').value = {json.dumps(text)}; const seen = shown"
    ready = (
        "new Promise((f) => { const look = () => shown !== seen ? f(performance.now()) : setTimeout(look); look(); })"
    )
    start = chromium.evaluate("performance.now()")
    answered = chromium.evaluate(
        f"(() => {{ const from = performance.now(); {typed}; update(); return {ready}.then((t) => t - from); }})()"
    )
    loaded = chromium.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    return (min(loaded, start) + answered) / 1000


if __name__ == "__main__":
    main()
