"""The scores of a model as lines to read: each number stands beside what it counts (docs/scores.md)."""

from ch_sentiment.commands.formatting import table
from ch_sentiment.console import printable, shorten_name
from ch_sentiment.experiment import epoch_choice
from common.checking.intervals import wilson_interval

NAME = 40  # characters of a label that are shown
ROWS = 20  # classes of a table that is no more than a summary
NAMED = 5  # classes in a sentence


def score_lines(report):
    """The dict of `answering.report` as tables and lines: one str."""
    names = [printable(name) for name in report["per_class"]]
    always = f"  always {quoted_label(report['majority']['label'])}"
    numbers = {"accuracy": report["accuracy"], "  95% interval": report["accuracy_interval"], always: majority(report)}
    numbers |= {"  by chance": report["chance"], "loss": report["loss"]}
    if len(names) == 2:  # none of a class that no text has, and that is the answer to none
        occurs = any(report["confusion"][1]) or any(row[1] for row in report["confusion"])
        numbers[f"F1 of {quoted(names[1])}"] = report["f1"] if occurs else None
    numbers |= {"macro F1": report["macro_f1"], "balanced accuracy": report["balanced_accuracy"]}
    numbers |= {"ROC AUC": report["roc_auc"], "ECE": report["ece"]}
    shown = {name: span(value) if isinstance(value, list) else decimals(value) for name, value in numbers.items()}
    rows = [["texts", f"{report['n']:,}"], *map(list, shown.items())]
    confusion = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, report["confusion"])]
    parts = [table((), rows), "\n".join(unanswered_lines(report)), class_table(report)]
    parts.append(f"confusion (row: true, column: predicted)\n{table(['', *names], confusion)}")
    return "\n\n".join(part for part in parts if part)


def unanswered_lines(report):
    """Lines on classes that are never predicted, and on texts answered "unsure"."""
    return [*never_answered(report), *([abstaining(report["abstain"])] if "abstain" in report else [])]


def outcome_lines(result, config, resume):
    """Lines on the result of a training. result: Result. config: Config. resume: the command that continues it."""
    scores, epoch = result.scores, result.best["epoch"]
    role = "which played no part in training" if result.scored_on == "test" else f"{result.kept} epoch {epoch}"
    compared = f"({interval(scores['accuracy'], scores['n'])}; {beside(scores)})"
    yield f"{result.scored_on} accuracy {scores['accuracy']:.2%} on {scores['n']:,} texts {compared}, {role}"
    yield f"macro F1 {scores['macro_f1']:.4f}, balanced accuracy {scores['balanced_accuracy']:.2%}"
    yield from class_table(scores, ROWS).split("\n")
    unbalanced = config.training.class_weight is None
    for line in never_answered(scores):
        yield line + ("; --class-weight balanced lets every class count the same" if unbalanced else "")
    if not result.fitted:
        yield unfitted_line(result, resume)
    elif epoch == config.training.epochs and result.kept == "best":
        yield f"the last epoch was the best: more may be better ({resume} --epochs {2 * epoch})"


def unfitted_line(result, resume):
    """A line on a training that kept its last epoch before it had fitted its texts."""
    more = f"{resume} --epochs {2 * result.best['epoch']}"
    return f"{epoch_choice.unfitted(result.best)}; train longer ({more}) or with a higher --lr, or look at the labels"


def wide_line(found):
    """What each part of a model of --wide reaches. found: "wide" of the model's metrics."""
    net, linear, both = (f"{found['validation_accuracy'][name]:.2%}" for name in ("net", "linear", "both"))
    alone = f"on the {found['n']:,} validation texts the net alone has {net}, the linear part alone {linear}"
    return f"{alone}, {found['a']:.2f} net + {found['b']:.2f} linear part {both}"


def abstention_line(found):
    """The effect of --abstain on the validation part. found: "abstention" of the model's metrics."""
    part = f"on the {found['n']:,} validation texts that chose it"
    if found["n"] < epoch_choice.ENOUGH:
        few = f"{found['n']:,} validation texts are fewer than the {epoch_choice.ENOUGH} that would choose one"
        return f"abstain: no threshold, {few}, so every text is answered"
    if found["found"] is None:
        wanted = f"{100 * found['wanted']:.4g}%"
        return f"abstain: no threshold has {wanted} of its answers right {part}, so every text is answered"
    chosen = found["found"]
    left = f"{chosen['answered']:,} ({chosen['coverage']:.2%}) are answered, {chosen['accuracy']:.2%} of these rightly"
    sure = interval(chosen["accuracy"], chosen["answered"])
    return f"abstain: unsure below {chosen['below']:.4g}; {part} {left} ({sure})"


def interval(share, n):
    """How far the share of n texts may be off, in words: "95% interval 43.65% to 96.99%"."""
    low, high = wilson_interval(share, n)
    return f"95% interval {low:.2%} to {high:.2%}"


def span(ends):
    """The two ends of an interval of a share."""
    return f"{ends[0]:.4f} to {ends[1]:.4f}"


def class_table(report, most=None):
    """A table of precision, recall and F1 of each class; of more than `most` classes those with the lowest F1."""
    classes, answers = report["per_class"], map(sum, zip(*report["confusion"]))
    rows = [
        (
            scores["f1"],
            [
                shorten_name(name, NAME),
                f"{scores['n']:,}",
                decimals(scores["precision"] if given else None),
                decimals(scores["recall"] if scores["n"] else None),
                decimals(scores["f1"] if given or scores["n"] else None),
            ],
        )
        for (name, scores), given in zip(classes.items(), answers)
    ]
    head = ["class", "texts", "precision", "recall", "F1"]
    if most is None or len(rows) <= most:
        return table(head, [cells for _, cells in rows])
    lowest = sorted(rows, key=lambda row: row[0])[:most]
    left_out = f"... and {len(rows) - most} classes of a higher F1 (sentifish evaluate shows all)"
    return f"{table(head, [cells for _, cells in lowest])}\n{left_out}"


def beside(report):
    """The two baselines beside an accuracy, in words: always the most frequent label, and guessing."""
    same = f"always answering {quoted_label(report['majority']['label'])}: {majority(report):.2%}"
    return f"{same}; by chance: {report['chance']:.2%}"


def never_answered(report):
    """A line on the classes that have texts but are never predicted, in a list; [] where there are none."""
    found = report["never_answered"]
    if not found:
        return []
    counts = {name: report["per_class"][name]["n"] for name in found[:NAMED]}
    shown = [f"{quoted_label(name)} ({count:,} of {report['n']:,} are)" for name, count in counts.items()]
    more = f" and {len(found) - NAMED} more classes" if len(found) > NAMED else ""
    return [f"no text was answered {', '.join(shown)}{more}"]


def abstaining(found):
    """A line on coverage and accuracy of a model that may answer "unsure". found: of `abstention.answered`."""
    if not found["answered"]:
        return f"unsure below {found['below']:.4g}: all {found['n']:,} texts, none is answered"
    left = f"{found['answered']:,} of {found['n']:,} texts ({found['coverage']:.2%}) are answered"
    return f"unsure below {found['below']:.4g}: {left}, {found['accuracy']:.2%} of these rightly"


def majority(report):
    """The accuracy of always giving the most frequent answer."""
    return report["majority"]["accuracy"]


def quoted_label(label):
    """A label in quotes, shortened."""
    return quoted(shorten_name(label, NAME))


def quoted(name):
    return f'"{name}"'


def decimals(value):
    """Four decimals; "-" for None."""
    return "-" if value is None else f"{value:.4f}"
