"""Chinese reviews read as characters and as words: accuracy, sentences with and without a negation, changed answers.

    python -m benchmarks.chinese waimai_10k.csv
    python -m benchmarks.chinese waimai_10k.csv --models short --splits 1

Split k holds out a tenth of the texts, drawn by the seed k, on which also the epoch is chosen, as `sentifish train FILE
--split-seed k` does. A pair is two sentences that differ in a negation; it is right where both answers are, and ordered
where the good one is more probably positive. To know what a change of answers means, each model is also compared with
itself trained from another seed.
"""

import argparse
import itertools
from collections import Counter

import numpy as np

from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import DataOptions
from ch_sentiment.experiment.recipes import RECIPES, config_of
from ch_sentiment.experiment.run import run_experiment
from dataset.text import TOKENIZERS, Cleaning, tokenize

MODELS = ("default", "nbsvm")
OTHER_SEED = 100  # is added to the seed

PRAISE_NEGATED = [  # (good, bad)
    *(("我很喜欢", "我不喜欢"), ("很好吃", "不好吃"), ("味道很好", "味道不好"), ("推荐这家", "不推荐这家")),
    *(("非常满意", "非常不满意"), ("菜很新鲜", "菜不新鲜"), ("很干净", "不干净"), ("很方便", "不方便")),
    *(("送餐很准时", "送餐不准时"), ("态度很热情", "态度不热情"), ("值得买", "不值得买"), ("很划算", "不划算")),
    *(("下次会再点", "下次不会再点"), ("送得很快", "送得不快"), ("汤很好喝", "汤不好喝"), ("菜很热", "菜不热")),
]
COMPLAINT_NEGATED = [
    *(("不难吃", "很难吃"), ("味道不差", "味道很差"), ("价格不贵", "价格太贵"), ("送得不慢", "送得太慢")),
    *(("菜不油腻", "菜很油腻"), ("菜不咸", "菜太咸"), ("份量不少", "份量太少"), ("一点也不失望", "很失望")),
]


KINDS = {"good words negated": PRAISE_NEGATED, "bad words negated": COMPLAINT_NEGATED}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chinese", description=__doc__.splitlines()[0])
    parser.add_argument("data", help="labelled text in Chinese, of the labels 0 and 1", metavar="FILE")
    parser.add_argument("--models", nargs="+", choices=RECIPES, default=MODELS, help="recipes", metavar="NAME")
    parser.add_argument("--splits", type=int, default=3, help="seeds 0 to N - 1 (default: %(default)s)", metavar="N")
    parser.add_argument("--limit", type=int, help="take N texts only", metavar="N")
    options = parser.parse_args(argv)
    data = load(DataOptions(options.data))
    for tokenizer in TOKENIZERS:
        counts = Counter(token for text in data.texts.texts for token in tokenize(text, Cleaning(tokenizer=tokenizer)))
        length, once = counts.total() / len(data.texts), list(counts.values()).count(1)
        print(f"{tokenizer}: {length:.1f} a text, {len(counts):,} different ones, {once:,} of them once")
    for model in options.models:
        runs = {tokenizer: [] for tokenizer in TOKENIZERS}
        for k, tokenizer in itertools.product(range(options.splits), TOKENIZERS):
            how = {"recipe": model, "tokenizer": tokenizer, "limit": options.limit, "split_seed": k}
            runs[tokenizer].append([trained(data, config_of({**how, "seed": seed})) for seed in (k, k + OTHER_SEED)])
        for tokenizer, of_splits in runs.items():
            first, again = zip(*of_splits)
            print(f"{model}, {tokenizer}: {said(first + again)}; other answers {changed(first, again)} by another seed")
        print(
            f"{model}: other answers {changed(*([run for run, _ in runs[t]] for t in TOKENIZERS))} by words", flush=True
        )


def trained(data, config):
    """-> dict of what one training leaves to compare: accuracy and answers (N,) bool on its validation part, and for
    each of KINDS the probabilities of good of its pairs, (pairs, 2).
    """
    corpus = encode(data, config)
    model = run_experiment(config, corpus).model
    answers = model.predict_proba(corpus.val.texts)[:, 1] > 0.5
    of_pairs = {kind: model.predict_proba(list(itertools.chain(*of_kind))) for kind, of_kind in KINDS.items()}
    of_pairs = {kind: p[:, 1].reshape(-1, 2) for kind, p in of_pairs.items()}  # (2 * pairs, 2) -> (pairs, 2)
    return {"accuracy": np.mean(answers == corpus.val.t), "answers": answers, **of_pairs}


def said(runs):
    """A line on the means of several trainings."""
    accuracies = [run["accuracy"] for run in runs]
    parts = [f"accuracy {np.mean(accuracies):.1%} ({min(accuracies):.1%} to {max(accuracies):.1%})"]
    for kind in KINDS:
        p = np.concatenate([run[kind] for run in runs])  # (runs * pairs, 2): of the good sentence, of the bad one
        right, ordered = np.mean((p[:, 0] > 0.5) & (p[:, 1] < 0.5)), np.mean(p[:, 0] > p[:, 1])
        parts.append(f"{kind}: {right:.0%} right, {ordered:.0%} ordered")
    return "; ".join(parts)


def changed(runs, others):
    """How often two rows of trainings answer differently."""
    return f"{np.mean([run['answers'] != other['answers'] for run, other in zip(runs, others)]):.1%}"


if __name__ == "__main__":
    main()
