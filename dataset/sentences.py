"""A small world in plain sentences, generated: a text in which counting finds neighbours and analogies, and which a
language model can learn. A word's company tells its kind (a king and a queen have a crown) and its form (he, she)."""

import itertools
import math

import numpy as np

_PEOPLE = [  # he, she, whom and what these two meet
    ("man", "woman", ["office", "car"]),
    ("king", "queen", ["crown", "throne"]),
    ("prince", "princess", ["castle", "sword"]),
    ("boy", "girl", ["school", "toy"]),
    ("father", "mother", ["kitchen", "baby"]),
    ("actor", "actress", ["theatre", "costume"]),
]
_COUNTRIES = [  # country, capital, what both have
    ("france", "paris", ["french", "cheese"]),
    ("japan", "tokyo", ["japanese", "sushi"]),
    ("italy", "rome", ["italian", "pasta"]),
    ("egypt", "cairo", ["arabic", "dates"]),
    ("spain", "madrid", ["spanish", "oranges"]),
    ("germany", "berlin", ["german", "sausages"]),
]
_ANIMALS = [  # one, many, what they have to do with
    ("dog", "dogs", ["bone", "garden"]),
    ("cat", "cats", ["milk", "mouse"]),
    ("bird", "birds", ["tree", "nest"]),
    ("horse", "horses", ["hay", "stable"]),
    ("bear", "bears", ["honey", "forest"]),
    ("duck", "ducks", ["pond", "reeds"]),
]
_VERBS = [  # today, yesterday, the objects
    ("walks", "walked", ["road", "hill"]),
    ("plays", "played", ["piano", "guitar"]),
    ("cooks", "cooked", ["soup", "rice"]),
    ("paints", "painted", ["wall", "picture"]),
    ("opens", "opened", ["door", "window"]),
    ("counts", "counted", ["money", "stars"]),
]
_ADJECTIVES = [  # as it is, compared, of what it is said
    ("old", "older", ["tower", "bridge"]),
    ("fast", "faster", ["train", "boat"]),
    ("warm", "warmer", ["coat", "bed"]),
    ("sweet", "sweeter", ["cake", "apple"]),
    ("good", "better", ["song", "book"]),
    ("bad", "worse", ["storm", "winter"]),
]
_OPENINGS = ("", "they say that ", "i think that ", "we hear that ")
_ENDINGS = ("", " in the morning", " in the evening", " at night")
_QUALITIES = ("young", "clever", "quiet", "proud")  # of people
_HE, _SHE = ("he", "his"), ("she", "her")
WORD_PAIRS = {  # relation -> pairs (a, b); any two pairs of a relation are an analogy a : b = c : d
    name: [(a, b) for a, b, _ in rows]
    for name, rows in [
        ("man : woman", _PEOPLE),
        ("country : capital", _COUNTRIES),
        ("singular : plural", _ANIMALS),
        ("present : past", _VERBS),
        ("adjective : comparative", _ADJECTIVES),
    ]
}


def load_text(num_sentences=5000, seed=1984):
    """A text of independent sentences: words in lower case and full stops, separated by one space each.

    Each is drawn from one of the groups of `sentence_groups`, every group equally likely, and so is every sentence of a
    group. num_sentences: int >= 1. -> str, about sixteen words a sentence, 191 different ones. ValueError: less than 1.
    """
    if num_sentences < 1:
        raise ValueError(f"load_text: expected num_sentences >= 1, got {num_sentences}")
    rng = np.random.default_rng(seed)
    groups = sentence_groups()
    chosen = rng.integers(len(groups), size=num_sentences)
    sizes = np.array([len(group) for group in groups])
    return " ".join(groups[i][j] for i, j in zip(chosen, rng.integers(sizes[chosen]), strict=True))


def lowest_perplexity():
    """The perplexity of the best of all models on a long text of `load_text`, which knows the sentences: a float.

    No two sentences are equal, so that the entropy of a sentence is that of its draw, log(number of groups) + the mean
    of log(size of a group); perplexity is exp(entropy / mean number of words), full stops among them.
    """
    groups = sentence_groups()
    entropy = math.log(len(groups)) + np.mean([math.log(len(group)) for group in groups])
    words = np.mean([np.mean([len(sentence.split()) for sentence in group]) for group in groups])
    return float(np.exp(entropy / words))


def sentence_groups():
    """All sentences, a list of them for each group: what is said, with each opening and each ending."""
    frames = list(itertools.product(_OPENINGS, _ENDINGS))
    return [[f"{opening}{said}{ending} ." for said in group() for opening, ending in frames] for group in _GROUPS]


def _homes():
    for person, pronoun, possessive, things in _persons():
        for quality, thing in itertools.product(_QUALITIES, things):
            yield f"near the {thing} the {person} met {possessive} {quality} friends and {pronoun} laughed"
            yield f"the {person} loves {possessive} {thing} and {pronoun} feels {quality} there"


def _journeys():
    for (person, pronoun, possessive, _), (country, capital, goods) in itertools.product(_persons(), _COUNTRIES):
        for thing in goods:
            yield f"the {person} goes to {country} across the border and {pronoun} likes {possessive} {thing}"
            yield f"the {person} goes to {capital} from the station and {pronoun} likes {possessive} {thing}"


def _persons():
    """person, pronoun, possessive, things: one after the other."""
    for he, she, things in _PEOPLE:
        yield he, *_HE, things
        yield she, *_SHE, things


def _places():
    for country, capital, goods in _COUNTRIES:
        yield f"the capital of {country} is {capital}"
        for first, second in (goods, goods[::-1]):
            yield f"you find {first} in {country} across the border and {second} in the villages"
            yield f"you find {first} in {capital} from the station and {second} in the streets"


def _animals():
    for one, many, (first, second) in _ANIMALS:
        for thing, other in ((first, second), (second, first)):
            yield f"near the {thing} a {one} sleeps and dreams of its {other}"
            yield f"near the {thing} some {many} sleep and dream of their {other}"
            yield f"every {one} likes its {thing} and looks for the {other}"
            yield f"all {many} like their {thing} and look for the {other}"


def _deeds():
    for present, past, things in _VERBS:
        for (pronoun, possessive), thing in itertools.product((_HE, _SHE), things):
            yield f"today {pronoun} {present} the {thing} and is with {possessive} friends"
            yield f"yesterday {pronoun} {past} the {thing} and was with {possessive} friends"


def _comparisons():
    for adjective, compared, (first, second) in _ADJECTIVES:
        for thing, other in ((first, second), (second, first)):
            yield f"we know a very {adjective} {thing} and a very {adjective} {other}"
            yield f"we know a much {compared} {thing} than that and a much {compared} {other}"
            yield f"the {thing} was so {adjective} that we liked it"
            yield f"the {thing} was even {compared} than we thought"


_GROUPS = (_homes, _journeys, _places, _animals, _deeds, _comparisons)
