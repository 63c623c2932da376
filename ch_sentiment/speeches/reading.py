"""Read speeches with a trained model: a probability for each paragraph, shares for each speaker.

After the NumPy tutorial on notable speeches; a paragraph can be read together with its neighbours.
"""

from dataclasses import dataclass

import numpy as np

from ch_sentiment.console import printable, shorten_name
from ch_sentiment.experiment import answering
from dataset.speeches import Speech, paragraphs

LABEL_WIDTH = 40  # characters of a label


@dataclass(frozen=True)
class Reading:
    """A speech of P paragraphs, as a model reads it.

    paragraphs: list of P str. words: for each, the list of words that are read. cut: how many paragraphs are longer
    than the model reads. probabilities: (P, 2).
    """

    speech: Speech
    paragraphs: list
    words: list
    cut: int
    probabilities: np.ndarray


def read(model, speech, paragraph_words, context=False):
    """-> Reading of a Speech in paragraphs of about so many words.

    model: TextClassifier of two labels. context: read each paragraph between its neighbours.
    """
    parts = paragraphs(speech.text, paragraph_words)
    words, totals = zip(*(answering.words_of(model, part) for part in parts))
    cut = sum(len(read_words) < total for read_words, total in zip(words, totals))
    texts = map(" ".join, with_neighbours(words, getattr(model, "max_len", None))) if context else parts
    return Reading(speech, parts, list(words), cut, answering.predict_proba(model, list(texts)))


def with_neighbours(words, max_len=None):
    """The paragraphs of a speech, each between the nearest words of the one before and of the one after it.

    words: list of P lists. -> P lists of at most `max_len` words (None: of all): the paragraph itself stays whole,
    though it be longer, and its neighbours share the room that it leaves.
    """
    joined = []
    for before, own, after in zip([[], *words], words, [*words[1:], []]):
        room = len(before) + len(after) if max_len is None else max(0, max_len - len(own))
        taken_after = min(len(after), room - min(len(before), room // 2))
        taken_before = min(len(before), room - taken_after)
        joined.append([*before[len(before) - taken_before :], *own, *after[:taken_after]])
    return joined


def limits_of(model):
    """What the answers of a model to speeches say and what not, in a sentence that names what it was trained on."""
    names = ", ".join(map(printable, answering.trained_on(model)))
    data, there = (f" that was trained on {names}", "there") if names else ("", "in training")
    first, second = (shorten_name(name, LABEL_WIDTH) for name in model.label_names)
    return (
        f'A model{data} can say whether the words of a paragraph are rather those of a text labelled "{first}" or of '
        f'one labelled "{second}" {there}; it cannot say what a speaker thinks or feels, or whether that is right, and '
        "in a speech the same words may mean something else."
    )


def summary(readings, label_names, paragraph_words, context, limits):
    """The content of speeches.json: shares by speaker, and the probability of every paragraph of every speech."""
    by_speaker = {}
    for reading in readings:
        by_speaker.setdefault(reading.speech.speaker, []).append(reading)
    return {
        "labels": list(label_names),
        "paragraph_words": paragraph_words,
        "context": context,
        "speakers": [speaker_row(name, of_speaker, label_names) for name, of_speaker in by_speaker.items()],
        "speeches": [
            {"speaker": r.speech.speaker, "source": r.speech.source, "paragraphs": paragraph_rows(r, label_names)}
            for r in readings
        ],
        "limits": limits,
    }


def speaker_row(name, readings, label_names):
    """All speeches of one speaker in a few numbers; the shares are percent of their paragraphs and add up to 100."""
    probabilities = np.concatenate([reading.probabilities for reading in readings])  # (P, 2)
    counts = np.bincount(probabilities.argmax(axis=1), minlength=2)
    return {
        "speaker": name,
        "speeches": len(readings),
        "paragraphs": len(probabilities),
        "words": sum(len(reading.speech.text.split()) for reading in readings),
        "shares": {label: 100 * int(n) / len(probabilities) for label, n in zip(label_names, counts)},
        "mean_probability": float(probabilities[:, 1].mean()),
    }


def paragraph_rows(reading, label_names):
    """Each paragraph, its likelier label, and the probability of the second label."""
    return [
        {"label": label_names[p.argmax()], "probability": float(p[1]), "words": len(text.split()), "text": text}
        for text, p in zip(reading.paragraphs, reading.probabilities)
    ]


def remarks(readings, model):
    """What a reader of the table has to know of these speeches: how much of them the model knows and reads."""
    words = [of_one for reading in readings for of_one in reading.words]
    masks = [answering.known(model, of_one) for of_one in words]
    if any(mask is None for mask in masks):
        yield "the model does not tell which words it knows"
    else:
        yield f"the model knows {np.mean(np.concatenate(masks)):.1%} of the words of {len(words):,} paragraphs"
        if unknown := sum(not mask.any() for mask in masks):
            lost = "paragraphs hold no word that the model knows: their answers rest on nothing"
            yield f"{unknown} of {len(words)} {lost}"
    if cut := sum(reading.cut for reading in readings):
        longest = getattr(model, "max_len", None)
        how_far = "" if longest is None else f": the model reads {longest} words"
        yield f"{cut} of {len(words)} paragraphs are cut{how_far}"
