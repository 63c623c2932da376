"""`--recipe auto`: a recipe chosen by number and length of the texts, with what it costs and what else there is."""

import numpy as np

from ch_sentiment.experiment.options import GROUP_OF, MAY_CHANGE
from ch_sentiment.experiment.recipes import AUTO, RECIPES
from dataset.text import tokenize

ABOUT = "one of these, by number and length of the texts: what `train` takes where nothing says how to train"
SENTENCES = 50  # words: texts that are shorter on average are sentences
MANY = 1000  # texts: with fewer the linear model is far ahead of a net (docs/accuracy.md, the learning curve)
MANY_LONG = 10_000  # of long ones it is ahead for longer: a net that shall know better needs more of them
SAMPLE = 500  # texts at most whose words are counted
# Minutes for a million words, each text cut to 400: all epochs, two cores, by the tables of docs/accuracy.md.
MINUTES = {"default": 0.5, "best": 2.0, "short": 6.0, "nbsvm": 0.1}
MOST_WORDS = 400
LONGEST = 120  # minutes: what takes longer is not begun unless it is asked for


def is_left_open(typed):
    """Whether nothing that is typed (options by name) says how to train: no recipe, no pretrained net, no option of
    model or training.
    """
    return not any(
        name in ("recipe", "init_from") or (GROUP_OF[name] in ("model", "training") and name not in MAY_CHANGE)
        for name in typed
    )


def choose(typed, texts):
    """Choose the recipe by the texts where `typed` says auto. -> `typed` with its name, and a line that says so; else
    `typed` unchanged, and None. texts: LabelledTexts.
    """
    if typed.get("recipe") != AUTO:
        return typed, None
    N, C = min(len(texts.texts), typed.get("limit") or len(texts.texts)), len(texts.label_names)
    length, read = lengths(texts.texts.texts)
    name, others = recipe_for(N, length, texts.unlabelled is not None)
    minutes = minutes_for(name, N * read, 0 if texts.unlabelled is None else len(texts.unlabelled) * read)
    if minutes > LONGEST:
        others = f"{name} takes about {minutes / 60:.0f} hours, default {minutes_for('default', N * read) / 60:.1f}"
        name, minutes = "nbsvm", minutes_for("nbsvm", N * read)
    settings = {"naive_bayes": False} if C != 2 and RECIPES[name].settings.get("naive_bayes") else {}
    say = f"{N:,} texts of about {length:.0f} words: the settings of --recipe {name}, {in_words(minutes)} ({others})"
    return {**settings, **typed, "recipe": name}, say


def lengths(texts):
    """Means over a sample of the texts: how many words they have, and how many of these are read."""
    counts = np.array([len(tokenize(text)) for text in texts[:: -(-len(texts) // SAMPLE)]])
    return counts.mean(), np.minimum(counts, MOST_WORDS).mean()


def recipe_for(N, length, unlabelled):
    """The name of the recipe for N texts of so many words, with unlabelled texts or without; what else there is."""
    if N < MANY:
        return "nbsvm", "a net, where the order of words decides: --recipe default"
    if length < SENTENCES:
        return "short", "else --recipe default"
    if unlabelled:
        return "unlabelled", "from the labelled texts alone: --recipe best"
    if N < MANY_LONG:
        return "nbsvm", "a net, which more texts would suit better: --recipe best"
    return "best", "sooner: --recipe default, or nbsvm, which is linear"


def minutes_for(name, words, unlabelled=0):
    """About how long a recipe takes on two cores. words, unlabelled: how many are read of texts of each kind."""
    if name == "unlabelled":  # teachers on the labelled words, then the net on all
        return (MINUTES["best"] * (2 * words + unlabelled) + MINUTES["nbsvm"] * words) / 1e6
    return MINUTES[name] * words / 1e6


def in_words(minutes):
    """ "about 10 minutes on two cores"."""
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} minute{'s' if round(minutes) != 1 else ''} on two cores"
