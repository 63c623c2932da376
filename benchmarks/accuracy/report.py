"""The rows as a table in Markdown, as JSON and as a figure."""

from dataclasses import asdict

from ch_sentiment.experiment.recipes import RECIPES
from ch_sentiment.experiment.run_folder import write_json

NOTES = """\
{scored} Minutes: the
median, of the whole command and of those whose models it reads. Parameters, peak memory: the largest. Difference to the
best run, with its 95 % interval and p: a paired bootstrap over the texts of all splits together. It draws texts anew,
not splits or trainings; what those change is told by the deviation.
"""
VALIDATION = """\
Accuracy in percent on the validation part of each split: {texts} texts. Each figure is of the epoch with the lowest
validation loss on the very part that it is measured on, which is kind to every run. Mean and standard deviation are
over the seeds, each with a split and weights of its own."""
HELD_OUT = """\
Accuracy in percent on texts that were not used for anything before: {texts} of them. The epoch was chosen on a
validation part of the others. Mean and standard deviation are over the columns, each with weights of its own."""


def write_report(folder, groups, command, held_out=False):
    """accuracy.md, accuracy.json and accuracy.png; -> the Markdown.

    groups: {heading: (list of Row, list of Split)}; the heading "" where there is but one. held_out: whether the texts
    that are scored chose nothing.
    """
    rows, splits = next(iter(groups.values()))
    scored = (HELD_OUT if held_out else VALIDATION).format(texts=" + ".join(f"{n:,}" for n in rows[0].texts))
    tables = [f"{heading and f'## {heading}'}\n\n{table(*group)}".strip() for heading, group in groups.items()]
    markdown = "\n\n".join([f"```\n{command}\n```", *tables, NOTES.format(scored=scored)])
    (folder / "accuracy.md").write_text(markdown, encoding="utf-8")
    found = [
        {"heading": heading, "splits": [split.name for split in splits], "runs": [asdict(row) for row in rows]}
        for heading, (rows, splits) in groups.items()
    ]
    write_json(folder / "accuracy.json", {"command": command, "tables": found})
    axes = draw(rows, splits) if len(groups) == 1 else draw_curve(groups)
    axes.figure.savefig(folder / "accuracy.png", dpi=150)
    return markdown


def table(rows, splits):
    """In Markdown, a line for each row. Behind the arguments, in a comment, the fingerprint of the settings."""
    head = ["run", "what it is", *(split.name for split in splits), "mean ± sd", "minutes", "parameters"]
    head += ["peak MB", "difference to best [95 %]", "p"]
    lines = [head, ["---"] * len(head), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(row):
    """What a row says, as text."""
    about = f": {RECIPES[row.run].about}" if row.run in RECIPES else ""
    what = f"`{row.arguments}`<!-- {row.settings} -->{about}"
    sd = "" if row.sd is None else f" ± {100 * row.sd:.2f}"
    figures = [f"{100 * row.mean:.2f}{sd}", f"{row.minutes:.1f}", f"{row.parameters:,}", f"{row.peak_mb:,.0f}"]
    c = row.against_best
    compared = ["best", ""]
    if c is not None:
        compared = [f"{_signed(c.difference)} [{_signed(c.low)}, {_signed(c.high)}]", f"{c.p:.4f}"]
    return [row.run, what, *(f"{100 * a:.2f}" for a in row.accuracy), *figures, *compared]


def _signed(share):
    return f"{100 * share:+.2f}"


def draw(rows, splits, ax=None):
    """A marker for the accuracy of each split and a bar at the mean, a line for each run. -> Axes."""
    from common import plot

    ax = ax or plot.new_axes(6.4, 1.2 + 0.4 * len(rows))
    places = range(len(rows))
    ax.plot([100 * row.mean for row in rows], places, "|", color="black", ms=16, mew=3, label="mean")
    for i, split in enumerate(splits):
        marker = "os^Dvp*X"[i % 8]
        accuracy = [100 * row.accuracy[i] for row in rows]
        ax.plot(accuracy, places, marker, color=plot.BLUE, mfc="white", label=split.name)
    ax.set_yticks(places, [row.run for row in rows], parse_math=False)
    ax.set(xlabel="accuracy in %", ylim=(len(rows) - 0.5, -0.5))  # the best above
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax


def draw_curve(groups, ax=None):
    """Accuracy over the number of labels, a line for each run and a dot for each split. -> Axes.

    groups: {"1,000 labels": (list of Row, list of Split)}.
    """
    from common import plot

    ax = ax or plot.new_axes(6.4, 4.0)
    counts = [int(heading.split()[0].replace(",", "")) for heading in groups]
    found = {}  # run -> {count: Row}
    for count, (rows, _) in zip(counts, groups.values()):
        for row in rows:
            found.setdefault(row.run, {})[count] = row
    for i, (run, of_run) in enumerate(found.items()):
        marker = "os^Dvp*X"[i % 8]
        (line,) = ax.plot(list(of_run), [100 * row.mean for row in of_run.values()], "-", marker=marker, label=run)
        points = [(count, 100 * accuracy) for count, row in of_run.items() for accuracy in row.accuracy]
        ax.plot(*zip(*points), ".", color=line.get_color(), alpha=0.5)
    ax.set(xscale="log", xlabel="labelled texts", ylabel="accuracy in %")
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    ax.grid(color="0.9")
    ax.set_axisbelow(True)
    ax.legend(loc="lower right", frameon=False)
    return ax
