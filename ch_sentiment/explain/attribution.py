"""Which words made a decision: integrated gradients, occlusion, and the probability after every word.

All three describe one number, the margin: how far the answer stands above the other labels. For two labels that is the
log odds of the answer; for more, its log probability less the mean of the others', which is the same of the logits.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ch_sentiment.experiment import answering
from common.checking.integrated_gradients import Path
from common.cores import most_processes
from common.processes import map_in_order
from dataset.errors import DataError

TOGETHER = 64  # parts of a text that are answered together
SAME = 1e-3  # the probability of a text and that of its words differ by less, unless a model reads more than words
LEVELS = 5  # of strength, on each side of 0


@dataclass
class Explanation:
    """What `explain` finds. label_names, probabilities: (C,), of the whole text. answer: the class id explained.

    text: as it was passed in. words: list of T str, as the model reads them. total: how many words the text has, T or
    more. known: (T,) bool, or None where the model does not tell. path: Path, or None where the model does not read
    along word vectors. occlusion: (T,) by how much the margin falls when a word is left out. so_far: (T,) probability
    of the answer after each word. attention: (T,) weights, or None.
    """

    label_names: list
    probabilities: np.ndarray
    answer: int
    text: str
    words: list
    total: int
    known: np.ndarray | None
    path: Path | None
    occlusion: np.ndarray
    so_far: np.ndarray
    attention: np.ndarray | None

    @property
    def label(self):
        return self.label_names[self.answer]

    @property
    def probability(self):
        return float(self.probabilities[self.answer])

    @property
    def strength(self):
        """(T,), above 0 where a word speaks for the answer: the attributions, or the occlusion where there are none."""
        return self.occlusion if self.path is None else self.path.attributions

    def levels(self):
        """(T,) the strength as integers from -LEVELS to LEVELS; the strongest word has one of these two."""
        top = np.abs(self.strength).max()
        return np.rint(LEVELS * self.strength / (top if top > 0 else 1)).astype(int)

    def strongest(self, most):
        """Positions of at most `most` words, the strongest first."""
        return np.argsort(-np.abs(self.strength), kind="stable")[:most]


def explain(model, text):
    """model: TextClassifier; text: str, cut as in training -> Explanation.

    DataError for a text without words, or without one that the model knows; ValueError where its answer is not finite.
    """
    with answering.lock_of(model):  # all of it from the same weights, whatever another thread trains
        return _explained(model, text)


def _explained(model, text):
    words, total = answering.words_of(model, text)
    if not words:
        raise DataError("expected words in the text, got none")
    known = answering.known(model, words)
    if known is not None and not known.any():
        got = f"got {len(words)} unknown ones: the answer would rest on nothing"
        raise DataError(f"expected a word that the model knows, {got}")
    (probabilities,) = answering.predict_proba(model, [text])  # (1, C) -> (C,)
    answer = int(probabilities.argmax())
    weight = margin_weight(answer, len(probabilities))
    T = len(words)
    beginnings = [slice(t + 1) for t in range(T)]
    all_but_one = [np.delete(np.arange(T), t) for t in range(T)]  # Li et al. 2016
    parts = [some[t : t + TOGETHER] for some in (all_but_one, beginnings) for t in range(0, T, TOGETHER)]
    works = [partial(answering.predict_proba_of_parts, model, words, some) for some in parts]
    works.insert(0, partial(answering.word_path, model, words, weight))  # the longest first
    processes = most_processes(answering.processes_of(model)) if T > TOGETHER else 1  # a short text takes no time
    path, *found = map_in_order(lambda i: works[i](), range(len(works)), processes)
    without, so_far = np.split(np.concatenate(found), 2)  # (2 T, C) -> (T, C) each
    attention = answering.attention(model, words)
    occlusion = margins(so_far[-1:], weight) - margins(without, weight)  # (1,) - (T,) -> (T,)
    of_words = {"path": path, "occlusion": occlusion, "so_far": so_far[:, answer], "attention": attention}
    return Explanation(model.label_names, probabilities, answer, text, words, total, known, **of_words)


def margin_weight(answer, num_classes):
    """(C,) what the log probabilities are weighted with to give the margin of a class; they add up to 0."""
    weight = np.full(num_classes, -1 / (num_classes - 1))
    weight[answer] = 1
    return weight


def margins(probabilities, weight):
    """(N, C) probabilities -> (N,). Where one has underflowed to 0, the least positive float stands for it."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) @ weight  # (N, C) @ (C,) -> (N,)


# -- what every form of it (terminal, page, JSON) has in common


def remarks(found):
    """What a reader has to know before believing an Explanation: list of str."""
    lines = []
    of_words = found.so_far[-1]
    if abs(of_words - found.probability) > SAME:
        of_text = f"the text has the probability {found.probability:.4f}"
        lines.append(f"{of_text}, its words joined by spaces {of_words:.4f}: the words explain the second")
    if len(found.words) < found.total:
        lines.append(f"cut as in training: {len(found.words):,} of {found.total:,} words are read")
    if found.path is None:
        lines.append("this model is not explained along word vectors: occlusion alone")
    elif not found.path.complete():
        lines.append(f"after {found.path.steps} steps the attributions are not exact to 1 %: see gap and doubt")
    return lines


def columns(found):
    """name -> (numbers (T,), format) of each column that there is."""
    named = {} if found.path is None else {"gradients": (found.path.attributions, "{:+.3f}")}
    named |= {"occlusion": (found.occlusion, "{:+.3f}"), "so far": (found.so_far, "{:.4f}")}
    return named if found.attention is None else named | {"attention": (found.attention, "{:.4f}")}


def rows(found, positions):
    """-> head and rows of a table of the words at these positions, as text."""
    named = columns(found)
    lines = [[found.words[t], *(form.format(column[t]) for column, form in named.values())] for t in positions]
    return ["word", *named], lines


def completeness(path):
    """What the attributions add up to, and how exactly, in one line; "" where there is no Path."""
    if path is None:
        return ""
    difference = path.margin - path.baseline
    share = f", {abs(path.gap / difference):.2%}" if difference else ""
    how = f"gap {abs(path.gap):.4f}{share}; doubt {path.doubt:.2%}; {path.steps} steps"
    ends = f"margin {path.margin:.3f}, of zero vectors {path.baseline:.3f}"
    return f"{ends}; the gradients add up to {path.attributions.sum():.3f} of {difference:.3f} ({how})"
