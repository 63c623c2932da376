"""The test perplexity of the book's LSTM language model and of ours at the settings of its chapter 6, on the same text.

    python -m benchmarks.language_models TRAIN.txt TEST.txt --book PATH

PATH: a checkout of the book's repository, or none. Both are trained by their own trainers, on word ids of all words of
both files: 100 numbers a word and a state, batches of 20 times 35 words, SGD 20, gradients clipped to 0.25, 4 epochs;
ours, and ours with a softmax over 512 words drawn for a step. The seed is NumPy's global one, and our model's.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SIZE, BATCH_SIZE, TIME_SIZE, LEARNING_RATE, MAX_GRAD, MAX_EPOCH = 100, 20, 35, 20.0, 0.25, 4
NUM_SAMPLED = 512
CASES = ("book", "ours", "sampled")


def load(*paths):
    """-> the ids (T,) of each file, of one vocabulary."""
    texts = [Path(path).read_text("utf-8").replace("\n", " <eos> ").split() for path in paths]
    ids = {word: i for i, word in enumerate(dict.fromkeys(itertools.chain(*texts)))}
    return [np.array([ids[word] for word in text]) for text in texts]


def build(case, vocab_size, counts, seed):
    if case == "book":
        from rnnlm import Rnnlm

        return Rnnlm(vocab_size, SIZE, SIZE)
    from ch_language.model import LanguageModel

    how = {"num_sampled": NUM_SAMPLED, "counts": counts} if case == "sampled" else {}
    return LanguageModel(vocab_size, SIZE, SIZE, rng=seed, **how)


def measure(case, train, test, seed):
    """-> perplexity of the test text, seconds of the training. `common` is the book's or ours, as the path says."""
    from common.optimizer import SGD
    from common.trainer import RnnlmTrainer
    from common.util import eval_perplexity

    corpus, corpus_test = load(train, test)
    vocab_size = 1 + max(corpus.max(), corpus_test.max())
    np.random.seed(seed)  # noqa: NPY002
    model = build(case, int(vocab_size), np.bincount(corpus, minlength=vocab_size), seed)
    start = time.process_time()
    trainer = RnnlmTrainer(model, SGD(LEARNING_RATE))
    trainer.fit(corpus[:-1], corpus[1:], MAX_EPOCH, BATCH_SIZE, TIME_SIZE, MAX_GRAD, eval_interval=None)
    seconds = time.process_time() - start
    model.reset_state()
    with contextlib.redirect_stdout(io.StringIO()):
        return float(eval_perplexity(model, corpus_test)), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--book", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs=2, help="measure this case with this seed in this process and print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only[0], options.train, options.test, int(options.only[1]))))
        return
    ours = Path(__file__).parents[1]
    print("| model | seed | test perplexity | CPU seconds |\n| --- | --- | --- | --- |")
    for seed in range(options.seeds):
        for case in CASES if options.book else CASES[1:]:
            paths = [options.book / "ch06", options.book] if case == "book" else [ours]
            env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(str, paths))}
            command = [sys.executable, __file__, options.train, options.test, "--only", case, str(seed)]
            done = subprocess.run(command, env=env, check=True, capture_output=True)  # noqa: S603
            perplexity, seconds = json.loads(done.stdout.splitlines()[-1])
            print(f"| {case} | {seed} | {perplexity:.1f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
