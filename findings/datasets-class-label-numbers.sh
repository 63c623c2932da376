#!/usr/bin/env bash
# datasets: a rating of 1 is the class "1" where the types are given on loading, and the class "2" where they are cast after.
# Version: datasets 5.2.0.
# Good guess: ClassLabel(names=["1", "2", "3", "4", "5"]) means the same in load_dataset(features=...) and in cast_column.
# Seen: loading a CSV file looks the number up among the names: 1 is class 0, called "1". cast_column takes it for the
#   class itself: 1 is class 1, called "2", so every rating moves up by one. Only a 5 in the file shows it, for
#   class 5 does not exist (ValueError); a file, or a part, without the top rating passes without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check datasets==5.2.0

cd "$work"
printf 'rating,text\n1,bad\n3,so so\n4,good\n' > reviews.csv
export HF_HOME="$work/home" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1
"$work/venv/bin/python" - <<'PY'
from datasets import ClassLabel, Features, Value, load_dataset

stars = ClassLabel(names=["1", "2", "3", "4", "5"])
features = Features({"rating": stars, "text": Value("string")})
given = load_dataset("csv", data_files="reviews.csv", split="train", features=features)
cast = load_dataset("csv", data_files="reviews.csv", split="train").cast_column("rating", stars)
names = {}
for way, data in {"types on loading": given, "types cast after": cast}.items():
    names[way] = [data.features["rating"].int2str(number) for number in data["rating"]]
    print(f"{way}: the ratings 1, 3, 4 are the classes {data['rating'][:]}, called {names[way]}")
print("a good guess: twice ['1', '3', '4']")
holds = names["types on loading"] == ["1", "3", "4"] and names["types cast after"] == ["2", "4", "5"]
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
