#!/usr/bin/env bash
# pooch: one Unzip() for two archives unpacks the second into the folder of the first, over files of the same name; and
# the next run takes what lies there for the first archive's.
# Version: pooch 1.9.0. No network: the downloader that pooch is given copies local files.
# Good guess: each archive has its folder, ARCHIVE.unzip; what fetch returns is what the archive holds, whose sha256 it
#   has just checked.
# Seen: 1. the processor keeps the folder of its first call: tweets.zip lands in imdb.zip.unzip. 2. From then on a fresh
#   Unzip() on imdb.zip (hash verified, names present) answers with the tweets. 3. After an update of the archive,
#   files of the old version stay and are returned among the new ones. 4. members=["train"] takes training.md, too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pooch==1.9.0

cd "$work"
"$work/venv/bin/python" - <<'PY'
import shutil
import zipfile
from pathlib import Path

import pooch

pooch.get_logger().setLevel("ERROR")
cache = Path("cache").absolute()


def offer(name, files):
    with zipfile.ZipFile(name, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)


def fetch(name, unzip):
    """Path below the cache and content of each file that pooch returns."""
    keeper = pooch.create(cache, "https://example.invalid/", registry={name: pooch.file_hash(name)})
    paths = keeper.fetch(name, processor=unzip, downloader=lambda url, to, _: shutil.copy(name, to))
    return {str(Path(path).relative_to(cache)): Path(path).read_text() for path in sorted(paths)}


offer("imdb.zip", {"train.tsv": "films"})
offer("tweets.zip", {"train.tsv": "tweets"})
unzip, folder = pooch.Unzip(), "imdb.zip.unzip/"
steps = [("imdb.zip", fetch("imdb.zip", unzip), {folder + "train.tsv": "films"})]
steps.append(("tweets.zip, the same Unzip", fetch("tweets.zip", unzip), {folder + "train.tsv": "tweets"}))
steps.append(("imdb.zip, a new Unzip", fetch("imdb.zip", pooch.Unzip()), {folder + "train.tsv": "tweets"}))
offer("imdb.zip", {"train-2.tsv": "films, second edition"})
steps.append(("imdb.zip, updated, holds train-2.tsv alone", fetch("imdb.zip", pooch.Unzip()),
              {folder + "train-2.tsv": "films, second edition", folder + "train.tsv": "tweets"}))
offer("more.zip", {"train/pos.txt": "good", "training.md": "how", "test/pos.txt": "fine"})
steps.append(("more.zip, members=['train']", fetch("more.zip", pooch.Unzip(members=["train"])),
              {"more.zip.unzip/train/pos.txt": "good", "more.zip.unzip/training.md": "how"}))
for what, seen, _ in steps:
    print(f"{what}: {seen}")
print("a good guess: tweets in tweets.zip.unzip, films again, train-2.tsv alone, train/pos.txt alone")
raise SystemExit(print("HOLDS") if all(seen == known for _, seen, known in steps) else "CHANGED")
PY
