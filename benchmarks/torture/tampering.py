"""What may be changed in a saved training: each value of its JSON, and its arrays, with checksums that fit."""

import functools
import hashlib
import io
import itertools
import json

import numpy as np

from benchmarks.torture.forge import Parts, npy
from ch_sentiment.experiment.run_folder import STATE
from ch_sentiment.experiment.run_state import sealed

VALUES = (None, True, False, 0, 1, -1, 2.5, -0.5, 2**31, 10**400, 1e300, "x", "NaN", "", [], [1], {}, {"a": 1})


def changed_json(value, place=""):
    """(where, the whole with that one change), for everything in a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if isinstance(value, list) and len(keys) > 4:
        keys = [0, 1, keys[-1]]
    for key in keys:
        for inner, new in changed_json(value[key], f"{place}/{key}"):
            yield inner, _with(value, key, new)
    for key in keys:
        yield f"{place}/{key} removed", _without(value, key)
    for key, other in itertools.pairwise(keys):
        if value[key] != value[other]:
            yield f"{place}/{key} swapped", _with(_with(value, key, value[other]), other, value[key])
    if isinstance(value, dict):
        yield f"{place}/more added", {**value, "more": 1}
        if len(value) > 1:
            yield f"{place} reversed", dict(reversed(value.items()))
    if isinstance(value, list):
        yield f"{place} longer", [*value, *(value[-1:] or [0])]
    others = [*VALUES]
    if type(value) in (int, float):
        others += [value + 1, -value, value * 2, float(value), int(value), str(value)]
    others += ["lstm", "gru", "adam", "balanced", "cosine", "max", "last", "good"] if isinstance(value, str) else []
    written = json.dumps(value)
    for text in dict.fromkeys(map(json.dumps, others)):
        if text not in (written, "Infinity", "-Infinity"):
            yield place, json.loads(text)


def _with(value, key, new):
    return {**value, key: new} if isinstance(value, dict) else [*value[:key], new, *value[key + 1 :]]


def _without(value, key):
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != key}
    return [*value[:key], *value[key + 1 :]]


def changed_file(good):
    """(where, a function that makes the bytes) of last.npz with one change, its checksums corrected; of settings, their
    sha256, too.
    """
    parts = Parts.of(good)
    content = parts.content

    def with_meta(meta):
        return lambda: parts.assemble(json.dumps({**content, "meta": meta}).encode())

    for place, meta in changed_json(content["meta"]):
        yield place[1:], with_meta(meta)
        if place.startswith("/about/") and "/settings" not in place and isinstance(meta["about"], dict):
            about = {name: value for name, value in meta["about"].items() if name != "settings"}
            yield f"{place[1:]} sealed", with_meta({**meta, "about": sealed(about)})
    arrays = {name[:-4]: np.load(io.BytesIO(member)) for name, member in parts.members.items()}
    for name, a in arrays.items():
        others = {"flat": a.reshape(-1), "shorter": a[:-1], "one axis more": a[None], "negative": -np.abs(a)}
        others |= {kind: a.astype(kind) for kind in ("<f8", "<i4", "<f2", "|u1") if a.dtype != kind}
        others |= {"larger": a + a.dtype.type(1), "zeros": np.zeros_like(a), "removed": None}
        for what, other in others.items():
            if other is None or [other.shape, other.dtype, other.tobytes()] != [a.shape, a.dtype, a.tobytes()]:
                yield f"array {name} {what}", functools.partial(assembled, parts, arrays | {name: other})
    for more in ("weight.more", "optimizer.more.0", "callback.0.99", "running.more", "more"):
        yield f"array {more} added", functools.partial(assembled, parts, arrays | {more: np.zeros(2, "f")})


def assembled(parts, arrays):
    """The bytes of a file with these arrays (None: left out), the manifest with them."""
    arrays = {name: np.ascontiguousarray(a) for name, a in arrays.items() if a is not None}
    digests = {name: hashlib.sha256(a.tobytes()).hexdigest() for name, a in arrays.items()}
    manifest = [
        {"name": n, "shape": list(a.shape), "dtype": a.dtype.str, "sha256": digests[n]} for n, a in arrays.items()
    ]
    heads = {
        n: f"{{'descr': {a.dtype.str!r}, 'fortran_order': False, 'shape': {a.shape!r}, }}" for n, a in arrays.items()
    }
    members = [(f"{n}.npy", npy(a.tobytes(), heads[n])) for n, a in arrays.items()]
    return parts.assemble(json.dumps({**parts.content, "arrays": manifest}).encode(), members)


def changed_files(folder):
    """(path, where, a function that makes the bytes) of every change in the folder of a training."""
    done = json.loads((folder / STATE).read_text("utf-8"))["done"] if (folder / STATE).exists() else []
    for path in sorted(folder.rglob("*")):
        if path.name == "last.npz" and str(path.parent.relative_to(folder)) in done:
            continue  # which nobody reads again
        if path.name in ("last.npz", "labels.npz") and path.is_file():
            for place, content in changed_file(path.read_bytes()):
                yield path, place, content
        elif path.name in (STATE, "history.json"):
            for place, value in changed_json(json.loads(path.read_text("utf-8"))):
                yield path, f"{path.name}{place}", json.dumps(value).encode
