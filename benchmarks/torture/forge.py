"""A checkpoint of a small model taken apart, and assembled again with checksums that fit any contents."""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import sentiment_net
from common.files.checkpoint import META
from common.files.stored_zip import StoredZip
from dataset.text import Vocab

WORDS = ["good", "bad", "film", "not", "日本", "don't", *(f"word{i}" for i in range(94))]
TEXTS = ["a good film", "not bad", "never seen", ""]


@dataclass
class Parts:
    """raw: the bytes of meta.json. members: name -> bytes of the other members, in order (a head and the numbers).

    frame: the positions of all bytes but the numbers.
    """

    raw: bytes
    members: dict
    frame: list

    @classmethod
    def of(cls, content):
        """The parts of a file, given as bytes."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        raw, frame = members.pop(META), set(range(len(content)))
        for member in members.values():
            start = content.index(member)
            frame -= set(range(start + 10 + int.from_bytes(member[8:10], "little"), start + len(member)))
        return cls(raw, members, sorted(frame))

    @property
    def content(self):
        """What meta.json says; new at each call."""
        return json.loads(self.raw)

    def assemble(self, raw=None, members=None):
        """-> the bytes of a file of these parts, or of the given ones instead, with CRC32s and a seal that fit.

        members: (name, bytes) pairs; the caller sees to their sha256 in the manifest.
        """
        raw = self.raw if raw is None else raw
        zipped = StoredZip()
        pieces = []
        for name, data in [(META, raw), *(self.members.items() if members is None else members)]:
            pieces += [zipped.member(name, len(data), zlib.crc32(data)), data]
        return b"".join([*pieces, zipped.end(hashlib.sha256(raw).hexdigest().encode())])


def small_model(path):
    """Save a small untrained classifier; -> the bytes of its file."""
    net = sentiment_net(len(WORDS) + 2, 128, 8, "gru", bidirectional=True, pool="attention", num_classes=3, rng=0)
    Classifier(net, Vocab(WORDS), ["neg", "pos", "odd"], 100, {"best": {"val_loss": 0.5, "epoch": 3}}).save(path)
    with open(path, "rb") as file:
        return file.read()


def npy(data, head):
    """The bytes of a .npy member: `head` (as text, of any length) and `data`."""
    text = head.encode("utf-8", "replace")
    text += b" " * (-(11 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data
