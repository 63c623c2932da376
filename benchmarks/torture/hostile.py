"""Files made to do harm: each is refused with one line, in hardly more time than reading it takes."""

import hashlib
import json
import os
import pickle
import tempfile
import time
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from benchmarks.torture.forge import Parts, npy, small_model
from ch_sentiment.experiment.classifier import Classifier
from common.files.checkpoint import META, CheckpointError

MILLISECONDS = 50
MANY = 10_000


def run(minutes, say):
    """Each of them three times; the fastest counts. Processor time, since the machine is shared."""
    found = refusals(times=3)
    which = max(found, key=found.get)
    slowest = round(1000 * found[which], 1)
    assert slowest < MILLISECONDS, f"{which}: {slowest} ms"
    return {"refused": len(found), "slowest, ms of processor time beyond reading": slowest, "which": which}


def refusals(times=1):
    """-> dict of each file's name to the seconds it took to refuse it. AssertionError where one did any harm."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of names that come twice
        path = Path(folder) / "model.npz"
        good = small_model(path)
        found = {}
        for name, content in files(good, Parts.of(good)).items():
            path.write_bytes(content)
            found[name] = min(refused(path, name) for _ in range(times))
        assert os.listdir(folder) == ["model.npz"], os.listdir(folder)
    return found


def refused(path, name):
    """-> seconds beyond those of reading the file."""
    start = time.process_time()
    path.read_bytes()
    reading = time.process_time() - start
    start = time.process_time()
    try:
        Classifier.load(path)
    except CheckpointError as error:
        assert str(error).startswith(f"{path}: ") and str(error).isprintable() and len(str(error)) < 1000, name
        return time.process_time() - start - reading
    except BaseException as error:
        raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error
    raise AssertionError(f"{name}: it was loaded")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


def files(good, parts):
    """name -> bytes. Forged files have checksums that fit."""
    raw, members = parts.raw, list(parts.members.items())
    name, member = members[0]
    every = [(META, raw), *members]
    evil = BytesIO()
    np.lib.format.write_array(evil, np.array([Evil(), None], object), allow_pickle=True)

    def forged(change):
        content = parts.content
        change(content["arrays"], content["meta"])
        return parts.assemble(raw=json.dumps(content).encode())

    def numbers(value, dtype="<f4"):
        content = parts.content
        entry = content["arrays"][0]
        data = np.full(entry["shape"], value, dtype).tobytes()
        entry.update(dtype=dtype, sha256=hashlib.sha256(data).hexdigest())
        head = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {tuple(entry['shape'])!r}, }}"
        return parts.assemble(json.dumps(content).encode(), [(name, npy(data, head)), *members[1:]])

    def renamed(new):
        content = parts.content
        content["arrays"][0]["name"] = new
        return parts.assemble(json.dumps(content).encode(), [(f"{new}.npy", member), *members[1:]])

    def many():
        content = parts.content
        first = content["arrays"][0]
        content["arrays"] = [{**first, "name": f"a{i}", "shape": [0]} for i in range(MANY)]
        empty = npy(b"", "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }")
        return parts.assemble(json.dumps(content).encode(), [(f"a{i}.npy", empty) for i in range(MANY)])

    def meta(text):
        return parts.assemble(raw=raw.replace(b'"metrics": {', b'"metrics": {"x": ' + text + b", ", 1))

    return {
        "a pickle": pickle.dumps(Evil()),
        "a pickle in an array": zipped([(META, raw), (name, evil.getvalue()), *members[1:]]),
        "a pickle in an array, forged": parts.assemble(raw, [(name, evil.getvalue()), *members[1:]]),
        "an object array, forged": forged(lambda arrays, meta: arrays[0].update(dtype="|O")),
        "a zip bomb": zipped([(META, b" " * (1 << 26))], zipfile.ZIP_DEFLATED),
        "a zip bomb for an array": zipped([(META, raw), (name, bytes(1 << 26))], zipfile.ZIP_DEFLATED),
        "compressed members": zipped(every, zipfile.ZIP_DEFLATED),
        "JSON that unfolds": meta(b"[" + b"[], " * 500_000 + b"[]]"),
        "JSON without end": meta(b"[" * 100_000),
        "JSON that is deep": meta(b"[" * 2_000 + b"]" * 2_000),
        "a number of a million digits": meta(b"9" * 1_000_000),
        "NaN in JSON": meta(b"NaN"),
        "a key twice": parts.assemble(raw=raw.replace(b'"meta": {', b'"meta": {"kind": "other", ', 1)),
        "../ in a name": zipped([*every[:1], ("../" + name, member), *members[1:]]),
        "../ in a name, forged": renamed("../W"),
        "a name from the root, forged": renamed("/W"),
        "a name with an escape, forged": renamed("W\x1b[2J"),
        "10,000 members": zipped([*every, *((f"m{i}.npy", b"") for i in range(MANY))]),
        "10,000 members, forged": many(),
        "a member twice": zipped([*every, members[-1]]),
        "an array twice, forged": forged(lambda arrays, meta: arrays.__setitem__(1, arrays[0])),
        "meta.json twice": zipped([*every, (META, raw)]),
        "NaN weights": numbers(np.nan),
        "infinite weights": numbers(np.inf),
        "weights of another dtype": numbers(1, "<i4"),
        "half of the weights in another precision": numbers(1, "<f8"),
        "a huge shape": forged(lambda arrays, meta: arrays[0].update(shape=[1 << 40, 1 << 40])),
        "a huge network": forged(lambda arrays, meta: meta["net"].update(hidden_size=1 << 40)),
        "many layers": forged(lambda arrays, meta: meta["net"].update(num_layers=1 << 40)),
        "many small layers": forged(lambda arrays, meta: meta["net"].update(num_layers=9000, hidden_size=1)),
        "a word too many": forged(lambda arrays, meta: meta["words"].append("more")),
        "a word too few": forged(lambda arrays, meta: meta["words"].pop()),
        "a word twice": forged(lambda arrays, meta: meta["words"].__setitem__(0, meta["words"][1])),
        "a vocabulary of one text": forged(lambda arrays, meta: meta.update(words="x" * len(meta["words"]))),
        "a label too many": forged(lambda arrays, meta: meta["label_names"].append("more")),
        "another model": forged(lambda arrays, meta: meta.update(model="os.system")),
        "another argument": forged(lambda arrays, meta: meta["net"].update(rng=1)),
        "an unknown calibration": forged(lambda arrays, meta: meta.update(calibration={"temperature": 0.0})),
        "bytes after the end": good + b"PK\x05\x06" + bytes(18),
        "bytes before the start": b"#!/bin/sh\n" + good,
    }


def zipped(members, how=zipfile.ZIP_STORED):
    """By Python's own writer."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return file.getvalue()
