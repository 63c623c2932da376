"""The kinds of mutants: each is a function of a random stream, the bytes of a good file, and its parts; -> bytes."""

import copy
import hashlib
import json
import re
import zipfile
from io import BytesIO

import numpy as np

from benchmarks.torture.forge import npy
from common.files.checkpoint import META

# ---- damage: no checksum of ours is corrected


def flipped_bit(rng, good, parts):
    damaged = bytearray(good)
    damaged[rng.integers(len(good))] ^= 1 << int(rng.integers(8))
    return damaged


def set_bytes(rng, good, parts):
    damaged = bytearray(good)
    for place in rng.integers(len(good), size=rng.integers(1, 5)):
        damaged[place] = rng.choice([0, 1, 0x20, 0x50, 0x7F, 0xFF, rng.integers(256)])
    return damaged


def bits_of_the_frame(rng, good, parts):
    """Where there are no weights: headers, meta.json, directory, end record, seal."""
    damaged = bytearray(good)
    for place in rng.choice(parts.frame, size=rng.integers(1, 4)):
        damaged[place] ^= 1 << int(rng.integers(8))
    return damaged


def field_of_the_frame(rng, good, parts):
    """A field of a local header, of the directory or of the end record, set to a value that an attacker might try."""
    signature = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")[rng.integers(3)]
    starts = [found.start() for found in re.finditer(re.escape(signature), good)]
    start = int(rng.choice(starts)) + int(rng.integers(4, 46))
    width = int(rng.choice([1, 2, 4]))
    value = int(rng.choice([0, 1, 8, 20, 45, 0x801, 0xFFFF, len(good), 0xFFFFFFFF, rng.integers(1 << 32)]))
    return good[:start] + value.to_bytes(4, "little")[:width] + good[start + width :]


def truncated(rng, good, parts):
    return good[: rng.integers(len(good))]


def appended(rng, good, parts):
    return good + rng.bytes(rng.integers(1, 200))


def prepended(rng, good, parts):
    return rng.bytes(rng.integers(1, 200)) + good


def inserted(rng, good, parts):
    place = rng.integers(len(good))
    return good[:place] + rng.bytes(rng.integers(1, 200)) + good[place:]


def removed(rng, good, parts):
    start, end = sorted(rng.integers(len(good), size=2))
    return good[:start] + good[max(end, start + 1) :]


def repeated(rng, good, parts):
    start, end = sorted(rng.integers(len(good), size=2))
    return good[:end] + good[start:]


def swapped_blocks(rng, good, parts):
    a, b, c = sorted(rng.integers(len(good), size=3))
    return good[:a] + good[b:c] + good[a:b] + good[c:]


def zeroed(rng, good, parts):
    start, end = sorted(rng.integers(len(good), size=2))
    return good[:start] + bytes(end - start) + good[end:]


def swapped_contents(rng, good, parts):
    """Two arrays swap their contents or names; every CRC32 fits."""
    names = list(parts.members)
    i, j = rng.choice(len(names), size=2, replace=False)
    values = list(parts.members.values())
    which = names if rng.random() < 0.5 else values
    which[i], which[j] = which[j], which[i]
    return parts.assemble(members=zip(names, values))


def members_by_zipfile(rng, good, parts):
    """The same members by Python's own writer: another order, one twice, one left out, one more, compressed."""
    members = [(META, parts.raw), *parts.members.items()]
    change = rng.integers(5)
    if change == 0:
        members = [members[i] for i in rng.permutation(len(members))]
    elif change == 1:
        members.append(members[rng.integers(len(members))])
    elif change == 2:
        members.pop(rng.integers(len(members)))
    elif change == 3:
        members.insert(
            rng.integers(len(members)), (str(rng.choice(["../x.npy", "x.npy", "meta.json", ""])), rng.bytes(9))
        )
    how = zipfile.ZIP_DEFLATED if change == 4 else zipfile.ZIP_STORED
    file = BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return file.getvalue()


def edited_json(rng, good, parts):
    """Another meta.json with its CRC32, under the former seal."""
    seal = good[-64:]
    return parts.assemble(raw=json.dumps(edited(rng, parts.content)).encode())[:-64] + seal


def edited_json_as_it_is(rng, good, parts):
    """Letters of meta.json changed, no checksum corrected."""
    start = good.index(parts.raw)
    damaged = bytearray(good)
    for place in rng.integers(start, start + len(parts.raw), size=rng.integers(1, 4)):
        damaged[place] = rng.choice(list(b'0123456789abcdef"{}[],: \\'))
    return damaged


def edited_npy_head(rng, good, parts):
    """The header of an array changed, its CRC32 corrected, meta.json not."""
    return parts.assemble(members=with_other_head(rng, parts).items())


def numbers_with_their_crc(rng, good, parts):
    """Weights changed, their CRC32 corrected, the sha256 not."""
    members = dict(parts.members)
    name = str(rng.choice(list(members)))
    data = bytearray(members[name])
    data[rng.integers(128, len(data)) if len(data) > 128 else -1] ^= 1 << int(rng.integers(8))
    return parts.assemble(members=(members | {name: bytes(data)}).items())


# ---- forgeries: every checksum fits


def forged_json(rng, good, parts):
    content = parts.content
    for _ in range(rng.integers(1, 4)):
        content = edited(rng, content)
    return parts.assemble(raw=json.dumps(content).encode())


def forged_text_of_json(rng, good, parts):
    """JSON that Python would not write: duplicate names, NaN, deep, long."""
    raw = bytearray(parts.raw)
    place = int(rng.integers(len(raw)))
    what = [b'"kind": 1, ', b"NaN", b"[" * 5000, b"9" * 5000, b"\\ud800", b"\xff", b" ", b"1e999", b"{}, ", b"-0"]
    raw[place : place + int(rng.integers(3))] = what[rng.integers(len(what))]
    return parts.assemble(raw=bytes(raw))


def forged_arrays(rng, good, parts):
    """Other numbers, shapes or dtypes, and a manifest that fits them."""
    content, members = parts.content, dict(parts.members)
    entry = content["arrays"][rng.integers(len(content["arrays"]))]
    change = rng.integers(4)
    dtype = np.dtype(str(rng.choice(["<f4", "<f8", "<f2", "<i4", "|u1", ">f4", "|b1", "<c8", "|O", "<U2"])))
    shape = list(entry["shape"])
    if change == 0:
        shape = [int(n) for n in rng.integers(0, 9, size=rng.integers(4))]
    if change != 1:
        dtype = np.dtype(entry["dtype"])
    data = rng.bytes(dtype.itemsize * int(np.prod(shape)))
    if change == 2:
        data = np.full(shape, rng.choice([np.nan, np.inf, 1e38, 0, -0.0]), dtype).tobytes()
    if change == 3:
        data += rng.bytes(8)
    entry.update(shape=shape, dtype=dtype.str, sha256=hashlib.sha256(data).hexdigest())
    head = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    members[f"{entry['name']}.npy"] = npy(data, head)
    return parts.assemble(json.dumps(content).encode(), members.items())


def forged_npy_head(rng, good, parts):
    return parts.assemble(parts.raw, with_other_head(rng, parts).items())


def forged_vocabulary(rng, good, parts):
    """A word or label of any letters; the manifest and the arrays as they are."""
    content = parts.content
    words = content["meta"][str(rng.choice(["words", "label_names"]))]
    words[rng.integers(len(words))] = "".join(map(chr, rng.integers(0x110000, size=rng.integers(1, 5))))
    return parts.assemble(raw=json.dumps(content).encode())


# ---- shared by several of them


def edited(rng, content):
    """The content of meta.json after one change somewhere: another value, a name removed, added or replaced."""
    place, key = content, str(rng.choice(list(content)))
    while type(place[key]) in (dict, list) and place[key] and rng.random() < 0.8:
        place = place[key]
        key = str(rng.choice(list(place))) if type(place) is dict else int(rng.integers(len(place)))
    change = rng.integers(5)
    if change == 0:
        del place[key]
    elif change == 1 and type(place) is dict:
        place[str(VALUES[rng.integers(len(VALUES))])] = place[key]
    elif change == 2 and type(place) is list:
        place.append(place[key])
    elif change == 3 and type(place[key]) is int:
        place[key] += int(rng.choice([-1, 1, 1 << 31, 1 << 62]))
    else:
        place[key] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])
    return content


def with_other_head(rng, parts):
    """The members, with the .npy header of one of them edited."""
    members = dict(parts.members)
    name = str(rng.choice(list(members)))
    old = members[name]
    size = 10 + int.from_bytes(old[8:10], "little")
    text = old[10:size].decode().rstrip()
    changes = [
        text.replace("False", "True"),
        text.replace("<f4", str(rng.choice([">f4", "|O", "<i4", "<f8", "|V4"]))),
        text.replace("(", f"({rng.integers(1 << 40)}, "),
        text.replace("}", "'more': 1, }"),
        text + " " * 64,
        "__import__('os').mkdir('hacked')",
        "{" * 200,
    ]
    members[name] = npy(old[size:], changes[rng.integers(len(changes))])
    if rng.random() < 0.2:
        members[name] = old[:6] + rng.bytes(2) + old[8:]  # the version of the .npy format
    return members


VALUES = (
    None,
    True,
    0,
    -1,
    1 << 31,
    10**30,
    0.5,
    1e308,
    "",
    "lstm",
    "os.system",
    "../x",
    "\x1b[2J\x00\n",
    "\ud800",
    "a" * 200,
    [],
    {},
    [[]],
    ["good"] * 300,
    {"a": {"a": 1}},
)
FORGERIES = (forged_json, forged_text_of_json, forged_arrays, forged_npy_head, forged_vocabulary)
KINDS = (
    flipped_bit,
    set_bytes,
    bits_of_the_frame,
    field_of_the_frame,
    truncated,
    appended,
    prepended,
    inserted,
    removed,
    repeated,
    swapped_blocks,
    zeroed,
    swapped_contents,
    members_by_zipfile,
    edited_json,
    edited_json_as_it_is,
    edited_npy_head,
    numbers_with_their_crc,
    *FORGERIES,
)
