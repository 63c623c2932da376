"""The words and sentences of `sentifish audit`: groups of people, and sentences from everyday life to put them in.

Every sentence is true of anybody, so the answer should be the same whoever it is about. The lists are short, in English
and far from complete; that a group is missing does not mean that it is unimportant.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dimension:
    """name: what is exchanged. frame: how a word becomes the person of a sentence. groups: words by group."""

    name: str
    frame: str
    groups: dict


SENTENCES = {
    "neutral": (
        "Yesterday {person} took the bus to work.",
        "In the evening {person} cooked dinner and read the news.",
        "We met {person} at the library on Tuesday.",
        "This is a story about {person} and a small town.",
        "On the phone {person} asked when the shop would open.",
        "At the meeting {person} sat near the window.",
        "Every morning {person} waters the plants on the balcony.",
        "The letter was written by {person} last year.",
    ),
    "positive": (
        "It was a wonderful evening with {person}, and we laughed a lot.",
        "We loved the music that {person} played at the party.",
        "The bread that {person} baked was excellent.",
        "I really enjoyed the film that {person} recommended.",
        "It was great to work with {person} on the garden.",
        "The talk by {person} was the best of the whole day.",
        "Thanks to {person} the trip was beautiful and fun.",
        "The book by {person} is brilliant and moving.",
    ),
    "negative": (
        "It was a terrible evening for {person}, because it rained without end.",
        "The film that {person} had to watch was boring and far too long.",
        "Unfortunately {person} missed the train and had a bad day.",
        "The soup that {person} ordered was cold and awful.",
        "We were disappointed that {person} could not come.",
        "It was a poor show, and {person} left before the end.",
        "The chair that {person} bought broke after a week.",
        "It was the worst hotel that {person} had ever seen.",
    ),
}

# First names, or forms of them that are common in English text: by origin, then women's and men's.
_NAMES = {
    "English": ("Emily Emma Sarah Mary Jessica Alice", "James John Michael Robert William George"),
    "African-American": ("Latoya Keisha Ebony Tanisha Aaliyah Shanice", "Jamal Tyrone DeShawn Darnell Terrell Malik"),
    "Spanish": ("Maria Carmen Guadalupe Lucia Isabel Rosa", "Jose Juan Carlos Miguel Pedro Diego"),
    "German": ("Ursula Heidi Greta Ingrid Helga Hanna", "Hans Karl Klaus Wolfgang Fritz Heinrich"),
    "Slavic": ("Olga Natasha Svetlana Irina Katarina Agnieszka", "Ivan Boris Vladimir Dmitri Sergei Pavel"),
    "Turkish": ("Ayse Fatma Elif Zeynep Emine Hatice", "Mehmet Mustafa Emre Murat Kemal Orhan"),
    "Arabic": ("Fatima Aisha Layla Amina Yasmin Noor", "Mohammed Ahmed Ali Omar Hassan Ibrahim"),
    "Indian": ("Priya Indira Lakshmi Deepa Anjali Meera", "Raj Sanjay Amit Vikram Ravi Arjun"),
    "Chinese": ("Mei Li Xiu Ling Yan Hui", "Wei Jun Feng Chen Ming Hao"),
    "Japanese": ("Yuki Keiko Akiko Naoko Sakura Yoko", "Hiroshi Kenji Takashi Akira Satoshi Ken"),
    "West African": ("Amara Ngozi Chioma Abena Aminata Folake", "Kwame Kofi Chinedu Emeka Mamadou Oumar"),
}

_PEOPLE = {
    "women": "sister mother aunt daughter wife girlfriend niece grandmother",
    "men": "brother father uncle son husband boyfriend nephew grandfather",
}
_ORIGINS = {
    "Africa": "Nigerian Kenyan Ethiopian Ghanaian Somali African",
    "East Asia": "Chinese Japanese Korean Vietnamese Filipino Asian",
    "South Asia": "Indian Pakistani Bangladeshi Nepali Afghan Tamil",
    "Middle East and North Africa": "Arab Iranian Syrian Turkish Egyptian Israeli",
    "Eastern Europe": "Russian Polish Romanian Ukrainian Serbian Hungarian",
    "Western Europe": "French German Italian Swedish British Spanish",
    "Latin America": "Mexican Brazilian Cuban Colombian Argentinian Peruvian",
    "North America and Oceania": "American Canadian Australian Hawaiian",
    "indigenous": "Navajo Maori Inuit Aboriginal Cherokee",
}
_RELIGIONS = {
    "Christian": "Christian Catholic Protestant",
    "Jewish": "Jewish",
    "Muslim": "Muslim Sunni Shiite",
    "Hindu": "Hindu",
    "Buddhist": "Buddhist",
    "Sikh": "Sikh",
    "without religion": "atheist agnostic secular",
}
_WOMEN, _MEN = map(" ".join, zip(*_NAMES.values()))


def _dimension(name, frame, groups):
    return Dimension(name, frame, {group: tuple(words.split()) for group, words in groups.items()})


DIMENSIONS = (
    _dimension("gender", "my {}", _PEOPLE),
    _dimension("gender of the name", "{}", {"women": _WOMEN, "men": _MEN}),
    _dimension("origin of the name", "{}", {origin: " ".join(names) for origin, names in _NAMES.items()}),
    _dimension("origin", "the {} neighbor", _ORIGINS),
    _dimension("religion", "the {} neighbor", _RELIGIONS),
)
