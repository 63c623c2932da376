"""Few labels, many texts: cuts a labelled file into a few labelled texts, the others without labels, and a test part.

python -m benchmarks.few_labels train.tsv --group-file train.movies.txt --labels 1000 --seed 0 --out few

writes few/labelled.tsv, few/labelled.groups.txt, few/unlabelled.txt and few/test.tsv. No group (a film) is in the test
part and in another file. docs/self_training.md trains on them.
"""

import argparse
from pathlib import Path

import numpy as np

from common.training.batches import grouped_split, stratified_split
from dataset.errors import DataError, one_line_errors
from dataset.labelled_text import load_groups, read_labelled

SHARE = 0.1  # of the texts: the test part


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.few_labels", description=__doc__.split("\n")[0])
    parser.add_argument("data", help="labelled texts, a file")
    parser.add_argument("--group-file", help="the group of each text, a line for each")
    parser.add_argument(
        "--labels", type=int, default=1000, help="how many texts keep their labels (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws the parts (default: %(default)s)")
    parser.add_argument("--out", default="few", help="the folder to write to (default: %(default)s)")
    options = parser.parse_args(argv)
    with one_line_errors(parser):
        parts = cut(options.data, options.group_file, options.labels, options.seed)
        out = Path(options.out)
        out.mkdir(parents=True, exist_ok=True)
        for name, lines in parts.items():
            (out / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            print(f"{out / name}: {len(lines):,} lines")


def cut(data, group_file, labels, seed):
    """-> name of a file -> list of its lines. DataError where there are too few texts."""
    read = read_labelled(data)
    texts = [" ".join(text.split()) for text in read.texts]
    groups = np.array(load_groups(group_file) if group_file else [str(i) for i in range(len(texts))])
    if len(groups) != len(texts):
        raise DataError(f"{group_file}: expected a line for each of {len(texts):,} texts, got {len(groups):,}")
    rng = np.random.default_rng(seed)
    rest, test = grouped_split(read.t, groups, SHARE, rng)
    if not 2 * len(read.label_names) <= labels < len(rest):
        raise DataError(f"--labels: expected a number below {len(rest):,}, two of each label at least, got {labels}")
    unlabelled, labelled = stratified_split(read.t[rest], labels / len(rest), rng)

    def rows(index):
        return [f"{read.label_names[read.t[i]]}\t{texts[i]}" for i in index]

    return {
        "labelled.tsv": rows(rest[labelled]),
        "labelled.groups.txt": groups[rest[labelled]].tolist(),
        "unlabelled.txt": [texts[i] for i in rest[unlabelled]],
        "test.tsv": rows(test),
    }


if __name__ == "__main__":
    main()
