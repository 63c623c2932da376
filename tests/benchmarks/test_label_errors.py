"""benchmarks.label_errors: labels are changed as it says, and one run of it on few texts."""

import re

import numpy as np
from conftest import lines_of

from benchmarks.label_errors import flip, main
from ch_sentiment.experiment.corpus import LabelledTexts


def test_so_many_labels_become_another_and_their_lines_are_named():
    data = LabelledTexts.of([f"text {i}" for i in range(60)], ["a", "b", "c"] * 20)
    changed, lines = flip(data, 9, seed=1)
    differ = changed.texts.numbers[changed.texts.t != data.texts.t]
    assert sorted(lines.tolist()) == differ.tolist() and len(differ) == 9
    assert set(changed.texts.t.tolist()) <= {0, 1, 2}
    assert not np.array_equal(flip(data, 9, seed=2)[1], lines)


def test_the_table_says_how_many_of_them_come_first(write, capsys):
    rng = np.random.default_rng(0)
    own, others = {"pos": "good fine lovely", "neg": "bad poor awful"}, [f"w{i}" for i in range(60)]
    labels = ["pos", "neg"] * 60
    write("r.tsv", lines_of((label, f"{own[label]} {' '.join(rng.permutation(others)[:9])}") for label in labels))
    main(["r.tsv", "--flips", "4", "--first", "4", "--seeds", "1", "--folds", "4"])
    assert re.search(r"\n\| 0 \| 4 of 4 \| 4 \| 4 \| \d+ \|\n$", capsys.readouterr().out)
