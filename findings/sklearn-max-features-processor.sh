#!/usr/bin/env bash
# scikit-learn: which words CountVectorizer(max_features=...) keeps depends on the processor.
# Version: scikit-learn 1.9.1, numpy 2.5.5. Depends on the processor: x86-64 with AVX2 (NumPy's X86_V3) or more; on
#   another one this says so and ends. NumPy's own switch, NPY_DISABLE_CPU_FEATURES, plays the older processor.
# Good guess: words with equal counts are taken in the order of the alphabet, or of the texts; everywhere the same ones.
# Seen: they are taken as an argsort that is not stable leaves them, and NumPy sorts by other code with AVX2 or AVX-512
#   than without. The counts are the same, the vocabulary is not, so neither are features, model and accuracy.
#   In real texts, too, many words share the count at the edge. SelectKBest, which sorts stably, chooses alike.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.5.5

cat > "$work/words.py" <<'PY'
import json

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2

rng = np.random.default_rng(0)
words = [a + b + c for a in "bdfglm" for b in "aeiou" for c in "nrst"]
texts = [" ".join(rng.choice(words, 8)) for _ in range(60)]
counted = CountVectorizer()
x = counted.fit_transform(texts)
best = SelectKBest(chi2, k=40).fit(x, np.arange(60) % 2)
print(json.dumps({
    "simd": np.show_config(mode="dicts")["SIMD Extensions"].get("found", []),
    "counts": np.asarray(x.sum(axis=0)).ravel().tolist(),
    "kept": sorted(CountVectorizer(max_features=40).fit(texts).vocabulary_),
    "best": best.get_feature_names_out(counted.get_feature_names_out()).tolist(),
}))
PY
cat > "$work/compare.py" <<'PY'
import json
import os
import subprocess
import sys


def run(off):
    env = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(off)}
    return json.loads(subprocess.run([sys.executable, sys.argv[1]], env=env, check=True, stdout=subprocess.PIPE).stdout)


here = run([])
if "X86_V3" not in here["simd"]:
    raise SystemExit(print("NOT APPLICABLE: NumPy uses no AVX2 here:", here["simd"]))
plain = run(here["simd"])
print("with", " ".join(here["simd"]), "only these:", *sorted(set(here["kept"]) - set(plain["kept"])))
print("without, only these:", *sorted(set(plain["kept"]) - set(here["kept"])))
print("a good guess: the same 40 words")
holds = here["counts"] == plain["counts"] and here["best"] == plain["best"] and here["kept"] != plain["kept"]
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY
"$work/venv/bin/python" "$work/compare.py" "$work/words.py"
