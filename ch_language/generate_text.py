"""Sentences from the model that `train` or `train_better` left in the working folder. Book, chapter 7.

python -m ch_language.generate_text the king --temperature 0.8 --top-k 10
"""

import argparse

import numpy as np

from ch_language.corpus import ids_of
from ch_language.generation import generate
from ch_language.saved import load_model
from common.files.checkpoint import CheckpointError
from dataset.errors import one_line_errors
from dataset.ptb import EOS

MODEL = "language_model.npz"
SKIPPED = ("<unk>", "N", "$")  # of the Penn Treebank: what stands for rare words, numbers, money
SENTENCES = 5
MOST_WORDS = 40
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_language.generate_text", description=__doc__.split("\n")[0])
    parser.add_argument("start", nargs="*", help="words with which a sentence starts (default: none)")
    parser.add_argument("--model", default=MODEL, help="a file of train or train_better (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=1.0, help="below 1: more likely words (default: 1)")
    parser.add_argument("--top-k", type=int, help="draw among so many words (default: all)")
    with one_line_errors(parser, CheckpointError, ValueError):  # ValueError: a temperature that cannot be
        run(parser.parse_args())


def run(options):
    # load
    model, words, perplexity = load_model(options.model)
    about = f"{model.settings['num_layers']} x {model.settings['cell']}, {len(words):,} words"
    print(f"{options.model}: {about}, perplexity of its validation text {perplexity:.2f}")

    # generate
    begin = [EOS, *options.start] if EOS in words else options.start or words[:1]  # a text of one line has no <eos>
    start, skip = ids_of(begin, words), [i for i, word in enumerate(words) if word in SKIPPED]
    rng, end = np.random.default_rng(SEED), words.index(EOS) if EOS in words else None
    for _ in range(SENTENCES):
        made = generate(model, start, MOST_WORDS, options.temperature, options.top_k, end, skip, rng)
        print(" ".join(words[i] for i in [*start, *made] if i != end))


if __name__ == "__main__":
    main()
