#!/usr/bin/env bash
# datasets: class_encode_column numbers each split's labels by itself, and ten stars come after one.
# Version: datasets 5.2.0.
# Good guess: one numbering for a DatasetDict, as for any label encoder that is fitted on the training part; and
#   stars from 1 to 10 become 0 to 9.
# Seen: 1. In a test part without a neutral text, "positive" is 1, which is "neutral" in the training part: a model is
#   scored against the wrong classes. Only concatenating the two raises. 2. Numbers are sorted as text, "1", "10", "2":
#   ten stars are class 1, two are class 2. An average of stars, an ordinal loss, a confusion matrix are off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check datasets==5.2.0

export HF_HOME="$work/home" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1
"$work/venv/bin/python" - <<'PY'
from datasets import Dataset, DatasetDict

texts = DatasetDict(
    train=Dataset.from_dict({"label": ["negative", "neutral", "positive"]}),
    test=Dataset.from_dict({"label": ["negative", "positive"]}),
)
encoded = texts.class_encode_column("label")
for split in encoded:
    print(f"{split}: {texts[split]['label'][:]} -> {encoded[split]['label'][:]}")
stars = Dataset.from_dict({"label": list(range(1, 11))}).class_encode_column("label")
print(f"stars: {list(range(1, 11))} -> {stars['label'][:]}, names {stars.features['label'].names}")
print("a good guess: test [0, 2], and the stars", list(range(10)))
holds = (
    encoded["train"]["label"][:] == [0, 1, 2]
    and encoded["test"]["label"][:] == [0, 1]
    and stars["label"][:] == [0, 2, 3, 4, 5, 6, 7, 8, 9, 1]
)
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
