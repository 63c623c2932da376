"""The built-in corpus: short English opinions from a small grammar, in which word order decides the label.
A phrase is a frame ("nobody said that the {} was {}") filled with predicates ("not very good").
Phrases come in pairs with opposite labels; the two of a contrast frame even have the same words:
"it was good once but it is bad now" and "it was bad once but it is good now"."""

import itertools

import numpy as np

LABEL_NAMES = ["negative", "positive"]

SAMPLES = [
    "it was not bad at all",
    "it was really good once but it is so boring now",
    "the music was very dull but the story was charming",
    "nobody said that the show was not funny",
    "i do not think that the plot is quite clever",
    "although the script was so weak the acting was really impressive",
]

_WHOLES = ("film", "movie", "story", "show", "book")
_PARTS = ("plot", "acting", "script", "ending", "music")
_GOOD = ["good", "nice", "funny", "clever", "charming", "lovely", "exciting", "pleasant", "impressive", "fresh"]
_BAD = ["bad", "dull", "silly", "clumsy", "boring", "weak", "annoying", "tiresome", "disappointing", "unpleasant"]
_PLAIN = ("{}", "very {}", "really {}", "quite {}", "so {}")
_NEGATED = ("not {}", "not very {}", "not really {}", "not {} at all", "not so {}")

# One opinion: the frame affirms its predicate or negates it.
_AFFIRMING = (
    "the {noun} was {said}",
    "i think that the {noun} is {said}",
    "everybody said that the {noun} was {said}",
    "in the end the {noun} was {said}",
)
_NEGATING = (
    "i do not think that the {noun} is {said}",
    "nobody said that the {noun} was {said}",
    "it is not true that the {noun} was {said}",
)
# Two opinions that agree.
_AGREE = (
    "the {noun} was {first} and the {other} was {second}",
    "i found the {noun} {first} and the {other} {second}",
    "it was {first} before and it is {second} now",
)
# Two opinions that disagree: the label is that of what follows "but", of what is true now, of what is not conceded.
_SECOND_DECIDES = (
    "the {noun} was {first} but the {other} was {second}",
    "it was {first} once but it is {second} now",
    "although the {noun} was {first} the {other} was {second}",
    "at first it was {first} and now it is {second}",
)
_FIRST_DECIDES = (
    "the {noun} was {first} although the {other} was {second}",
    "it is {first} now though it was {second} before",
)

# Most sentences have no negation: from them a bag of words learns which adjectives are positive.
_PLAIN_FILLINGS = 14  # of one combination without any negation
_FILLINGS = 6  # of any other combination in a frame with one opinion
_PAIRS = 85  # random combinations for each frame with two opinions
_TEST_EVERY = 5  # one combination of five is held out


def load_data(seed=1984):
    """The corpus, which is generated from the seed.

    Combinations are held out, such as a frame with an adjective and its negation: none of those in the test part
    occurs in training, though each of its words does. Half of each part is positive.

    -> (x_train, t_train), (x_test, t_test): x list of N str, t (N,) int64, 1 = positive.
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    for combinations in [*_single_opinions(rng), *_agreements(rng), *_contrasts(rng)]:
        for index, chosen in enumerate(rng.permutation(len(combinations))):
            (train if index % _TEST_EVERY else test).extend(combinations[chosen])
    return shuffled(train, rng), shuffled(test, rng)


def _single_opinions(rng):
    """For each frame, plain and negated, its combinations: lists of (phrase, label)."""
    for frame, degrees in itertools.product(_AFFIRMING + _NEGATING, (_PLAIN, _NEGATED)):
        flipped = (frame in _NEGATING) != (degrees is _NEGATED)
        count = _PLAIN_FILLINGS if frame in _AFFIRMING and degrees is _PLAIN else _FILLINGS
        combinations = []
        for good, bad in zip(_GOOD, _BAD, strict=True):
            fillings = list(itertools.product(_WHOLES + _PARTS, degrees))
            phrases = []
            for noun, degree in rng.permutation(fillings)[:count]:
                phrases.append((frame.format(noun=noun, said=degree.format(good)), int(not flipped)))
                phrases.append((frame.format(noun=noun, said=degree.format(bad)), int(flipped)))
            combinations.append(phrases)
        yield combinations


def _agreements(rng):
    """For each frame its combinations: two positive opinions, or two negative ones, without negation."""
    index_pairs = list(itertools.permutations(range(len(_GOOD)), 2))
    for frame in _AGREE:
        combinations = []
        for i, j in rng.permutation(index_pairs)[:_PAIRS]:
            praise = _say(_PLAIN, _GOOD[i], rng), _say(_PLAIN, _GOOD[j], rng)
            complaint = _say(_PLAIN, _BAD[i], rng), _say(_PLAIN, _BAD[j], rng)
            combinations.append(_with_opinions(frame, complaint, praise, rng))
        yield combinations


def _contrasts(rng):
    """For each frame its combinations: a positive and a negative opinion in either order, with the same words."""
    praises = [*itertools.product([_PLAIN], _GOOD), *itertools.product([_NEGATED], _BAD)]
    complaints = [*itertools.product([_PLAIN], _BAD), *itertools.product([_NEGATED], _GOOD)]
    index_pairs = list(itertools.product(range(len(praises)), range(len(complaints))))
    for frame in _SECOND_DECIDES + _FIRST_DECIDES:
        combinations = []
        for i, j in rng.permutation(index_pairs)[:_PAIRS]:
            praise, complaint = _say(*praises[i], rng), _say(*complaints[j], rng)
            if frame in _SECOND_DECIDES:
                negative, positive = (praise, complaint), (complaint, praise)
            else:
                negative, positive = (complaint, praise), (praise, complaint)
            combinations.append(_with_opinions(frame, negative, positive, rng))
        yield combinations


def _with_opinions(frame, negative, positive, rng):
    """One combination in a frame with two opinions: [(phrase, 0), (phrase, 1)] about a whole and a part."""
    noun, other = rng.permutation([rng.choice(_WHOLES), rng.choice(_PARTS)])
    return [
        (frame.format(noun=noun, other=other, first=first, second=second), label)
        for label, (first, second) in enumerate((negative, positive))
    ]


def _say(degrees, adjective, rng):
    """An adjective in one of the degrees: "not very good"."""
    return degrees[rng.integers(len(degrees))].format(adjective)


def shuffled(examples, rng):
    """Lists of phrases and the (N,) array of their labels, in random order."""
    order = rng.permutation(len(examples))
    return [examples[i][0] for i in order], np.array([examples[i][1] for i in order], dtype=np.int64)
