"""Short opinions in other languages and scripts, in which word order decides, as in the built-in phrases.

    python -m benchmarks.languages
    python -m benchmarks.languages --languages thai hindi

Each language has five pairs of opposite adjectives, in frames with one opinion, affirmed or negated, and with two, of
which one decides. Combinations of a frame and its adjectives are held out. The default net and NB-SVM are trained on
the others; each word of the held-out part occurs in training.
"""

import argparse
import itertools
from collections import namedtuple

import numpy as np

from benchmarks.grammars import GRAMMARS
from ch_sentiment.experiment.corpus import LabelledTexts, Part
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import run_experiment
from dataset.phrases import LABEL_NAMES, shuffled
from dataset.text import tokenize

Phrase = namedtuple("Phrase", ("text", "label", "kind"))  # label: 1 = positive. kind: of KINDS
MODELS = ("default", "nbsvm")  # recipes
KINDS = ("affirmed", "negated", "two opinions")
HELD_OUT = 5  # one combination of so many


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.languages", description=__doc__.splitlines()[0])
    parser.add_argument("--languages", nargs="+", choices=GRAMMARS, default=list(GRAMMARS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to N - 1 (default: %(default)s)", metavar="N")
    parser.add_argument("--epochs", type=int, default=60, help="at most (default: %(default)s)", metavar="N")
    options = parser.parse_args(argv)
    print(f"| language | training | held out | tokens | model | all | {' | '.join(KINDS)} |\n{'| --- ' * 9}|")
    for name in options.languages:
        train, test = phrases(name)
        length = np.mean([len(tokenize(phrase.text)) for phrase in test])
        for model in MODELS:
            found = np.mean([scores(train, test, model, seed, options.epochs) for seed in range(options.seeds)], axis=0)
            cells = " | ".join(f"{accuracy:.1%}" for accuracy in found)
            print(f"| {name} | {len(train)} | {len(test)} | {length:.1f} | {model} | {cells} |", flush=True)


def phrases(name):
    """The phrases of a language, in a fixed order: list of Phrase to train on, and of those that are held out."""
    grammar, train, test = GRAMMARS[name], [], []
    nouns, good, bad = (grammar.words(kind) for kind in ("nouns", "good", "bad"))
    pairs = list(zip(bad, good, strict=True))  # [i][label]
    for f, (kind, frame) in enumerate(itertools.product(KINDS[:2], range(len(grammar.affirmed)))):
        template = (grammar.affirmed, grammar.negated)[kind == "negated"][frame]
        for i, label, noun in itertools.product(range(len(pairs)), (0, 1), nouns):
            adjective = pairs[i][label if kind == "affirmed" else 1 - label]
            part = test if (f + i) % HELD_OUT == 0 else train
            part.append(Phrase(template.format(noun=noun, a=adjective), label, kind))
    for f, template in enumerate(grammar.two):
        for i, j, label, k in itertools.product(range(len(pairs)), range(len(pairs)), (0, 1), (0, 1)):
            a, b = (pairs[i][1], pairs[j][0])[:: 1 - 2 * label]  # both labels have the same words
            noun, other = nouns[(i + k) % len(nouns)], nouns[(i + j + 2 * k + 1) % len(nouns)]
            if noun == other:
                other = nouns[(nouns.index(noun) + 1) % len(nouns)]
            part = test if (f + i + 2 * j) % HELD_OUT == 0 else train
            part.append(Phrase(template.format(noun=noun, other=other, a=a, b=b), label, KINDS[2]))
    return train, test


def scores(train, test, recipe, seed, epochs):
    """Accuracies of a training: of all that is held out, and of each of KINDS."""
    rng = np.random.default_rng(seed)
    texts, t = shuffled([(phrase.text, phrase.label) for phrase in train], rng)
    config = config_of({"recipe": recipe, "seed": seed, "epochs": epochs, "patience": epochs})
    model = run_experiment(config, LabelledTexts(Part(texts, t), LABEL_NAMES)).model
    answers = model.predict_proba([phrase.text for phrase in test]).argmax(axis=1)
    right, kinds = answers == [phrase.label for phrase in test], np.array([phrase.kind for phrase in test])
    return [right.mean(), *(right[kinds == kind].mean() for kind in KINDS)]


if __name__ == "__main__":
    main()
