"""Kinds of consistent forgeries: each is a function of a random stream and the `Parts` of an honest file; -> Parts.

Arrays are named, shaped and typed so that a reader who believes a configuration, the first array's dtype, or how many
numbers a file has, takes many times the file's memory.
"""

import copy
from dataclasses import dataclass

import numpy as np

from ch_sentiment.experiment.build import MODELS, Room
from ch_sentiment.experiment.packing import packed_like
from common.arrays.unfilled import shape_only

LARGE = 1 << 19  # numbers of a byte each that a forger adds
GROWN = ("wordvec_size", "hidden_size", "num_pairs", "num_ngrams")
SIZES = (*GROWN, "num_layers", "num_classes", "pair_size", "vocab_size")
DTYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u8")


@dataclass
class Parts:
    """arrays: by name. meta: what a file says beside them. about: the part of it that describes the net."""

    arrays: dict
    meta: dict

    @property
    def about(self):
        return self.meta.get("about", self.meta)

    @property
    def prefix(self):
        return "weight." if "about" in self.meta else ""

    def config(self):
        """The configuration of the net, or, of a wide one, of the net within."""
        net = self.about["net"]
        return net.get("net", net)

    def shapes(self):
        """Of the arrays of a model of this configuration: dict of name to an array without memory."""
        room = Room(1 << 60, 1 << 30, "<f4")
        net = MODELS[self.about["model"]](copy.deepcopy(self.about["net"]), room)
        V = self.about["net"]["vocab_size"]
        found = packed_like(net.weights(), self.meta.get("packed"), V, self._ids(net), fill=False)
        return {self.prefix + name: shape_only(a.shape, a.dtype) for name, a in found.items()}

    def _ids(self, net):
        return [{"name": name, "shape": (len(w), 2)} for name, w in net.weights().items() if name.endswith("pairs")]


def grown(rng, parts, room=LARGE, layers=None):
    """A larger configuration, with as many numbers as there is room for; -> its arrays, without memory."""
    config = parts.config()
    for name in GROWN:
        if config.get(name):
            config[name] = int(rng.integers(1, 1 << rng.integers(1, 20)))
    if layers:
        config["num_layers"] = layers
    found = parts.shapes()
    while (size := sum(a.size for a in found.values())) > room and any(config.get(name, 0) > 1 for name in GROWN):
        for name in GROWN:
            if config.get(name, 0) > 1:
                config[name] = int(config[name] * min((room / size) ** 0.5, 0.9)) or 1
        found = parts.shapes()
    return found


def bytes_for_floats(rng, parts):
    """A larger model's names and shapes, a byte for each number; the first array says <f8, or is one number of it."""
    arrays = {name: np.zeros(a.shape, "|i1") for name, a in grown(rng, parts).items()}
    first, dtype = next(iter(arrays)), str(rng.choice(["<f8", "<f4", "<f2"]))
    arrays[first] = np.zeros(1 if rng.random() < 0.5 else arrays[first].shape, dtype)
    return _with(parts, arrays)


def one_large_array(rng, parts):
    """One <f8 of one element, then as many bytes as a larger model has numbers, in one array."""
    found = grown(rng, parts)
    names = list(found)
    arrays = {names[0]: np.zeros(1, "<f8"), names[-1]: np.zeros(sum(a.size for a in found.values()), "|i1")}
    return _with(parts, arrays)


def other_dtypes(rng, parts):
    """A larger model's names and shapes, of any dtypes."""
    arrays = {name: np.zeros(a.shape, str(rng.choice(DTYPES))) for name, a in grown(rng, parts, LARGE // 8).items()}
    return _with(parts, arrays)


def nearly(rng, parts):
    """All of a larger model, but for one array: of another shape or dtype, left out, twice, or under another name."""
    arrays = {name: np.zeros(a.shape, a.dtype) for name, a in grown(rng, parts, LARGE // 4).items()}
    name = str(rng.choice(list(arrays)))
    a, change = arrays[name], rng.integers(6)
    if change == 0:
        del arrays[name]
    elif change == 1:
        arrays[name + ".more"] = a
    elif change == 2:
        arrays[name] = a.reshape(-1)[: rng.integers(a.size + 1)]
    elif change == 3:
        arrays[name] = np.zeros(a.shape[::-1], a.dtype) if a.shape != a.shape[::-1] else a[None]
    elif change == 4:
        arrays[name] = a.astype(str(rng.choice([d for d in DTYPES if d != a.dtype.str])))
    else:
        arrays = {(name + "_" if n == name else n): b for n, b in arrays.items()}
    return _with(parts, arrays)


def many_layers(rng, parts):
    """Up to 500 layers, of which the last one lacks something, or all are empty arrays."""
    if "num_layers" not in parts.config():
        return nearly(rng, parts)
    found = grown(rng, parts, layers=int(2 ** rng.uniform(2, 9)))
    empty = rng.random() < 0.5
    names = list(found)[:4096]
    arrays = {name: np.zeros((0,) if empty else found[name].shape, "|i1" if empty else "<f4") for name in names}
    if empty:
        arrays[names[0]] = np.zeros(LARGE, "|i1")
    else:
        del arrays[names[-1]]
    return _with(parts, arrays)


def sizes_alone(rng, parts):
    """The arrays as they are, or a megabyte more of them, and a configuration of a gigantic net."""
    config = parts.about["net"] if rng.random() < 0.3 else parts.config()
    names = [name for name in SIZES if name in config]
    for name in rng.choice(names, size=min(len(names), int(rng.integers(1, 4))), replace=False):
        config[str(name)] = int(2 ** rng.uniform(4, 40))
    if rng.random() < 0.5:
        parts.arrays[parts.prefix + "more"] = np.zeros(LARGE, "|i1")
    return parts


def other_packing(rng, parts):
    """Packed weights as if they were not, or the other way round."""
    parts.meta["packed"] = str(rng.choice(["int8", "float16"]))
    if rng.random() < 0.3:
        del parts.meta["packed"]
    return parts


def of_no_numbers(rng, parts):
    """A larger model in every name, shape and dtype, whose last numbers are none: a scale too large."""
    arrays = {name: np.zeros(a.shape, a.dtype) for name, a in grown(rng, parts, LARGE).items()}
    for name in reversed(arrays):
        if name.endswith(".scale"):
            arrays[name][-1:], arrays[name.removesuffix(".scale")][-1:] = 3e38, 127
            break
    return _with(parts, arrays)


def words(rng, parts):
    """More words than arrays have rows, or texts instead of them."""
    few = parts.about["words"]
    parts.about["words"] = [*few, *(f"x{i}" for i in range(int(rng.integers(1, 3000))))]
    if rng.random() < 0.5:
        parts.about["net"]["vocab_size"] = len(parts.about["words"]) + 2
    return parts


def json_beside(rng, parts):
    """JSON that takes more memory than its letters, where anything may stand."""
    what = [[[]] * 3000, [{}] * 3000, ["a"] * 9000, [0.5] * 5000, {str(i): i for i in range(3000)}, list(range(9000))]
    value = what[rng.integers(len(what))]
    place = parts.about if rng.random() < 0.5 else parts.config()
    place[str(rng.choice(["metrics", "more", "cell", "keep", "label_names", "hidden_size", "num_layers"]))] = value
    return parts


def other_numbers(rng, parts):
    """A valid model or training: the same arrays, other weights."""
    for name, a in parts.arrays.items():
        if a.dtype.kind == "f" and a.size and name.startswith(parts.prefix) and not name.endswith(".scale"):
            parts.arrays[name] = rng.permutation(a.reshape(-1)).reshape(a.shape)
    return parts


def of_training(rng, parts):
    """Arrays beside the weights of a training: left out, more of them, or of another form."""
    others = [name for name in parts.arrays if not name.startswith("weight.")]
    name, change = str(rng.choice(others)), rng.integers(4)
    if change == 0:
        for other in others:
            del parts.arrays[other]
    elif change == 1:
        parts.arrays[name] = np.zeros(LARGE, "|i1")
    elif change == 2:
        parts.arrays["callback.9.0"] = np.zeros(LARGE, "|i1")
    else:
        parts.arrays = {n: a for n, a in parts.arrays.items() if n != name}
    return parts


def _with(parts, arrays):
    """These instead of the weights."""
    others = {n: a for n, a in parts.arrays.items() if parts.prefix and not n.startswith(parts.prefix)}
    return Parts({**arrays, **others}, parts.meta)


FORGERIES = (bytes_for_floats, one_large_array, other_dtypes, nearly, many_layers, sizes_alone, other_packing)
FORGERIES += (of_no_numbers, words, json_beside, other_numbers)
