"""The rows as a table in Markdown, as JSON and as a figure."""

from dataclasses import asdict

from ch_sentiment.experiment.recipes import RECIPES
from ch_sentiment.experiment.run_folder import write_json

NOTES = """\
Accuracy in percent on the validation part of each split: {texts} texts. Each figure is of the epoch with the lowest
validation loss on the very part that it is measured on, which is kind to every run. Mean and standard deviation are
over the seeds, each with a split and weights of its own. Minutes: the median, of the whole command. Parameters, peak
memory: the largest. Difference to the best run, with its 95 % interval and p: a paired bootstrap over the validation
texts of all splits together. It draws texts anew, not splits or trainings; what those change is told by the deviation.
"""


def write_report(folder, rows, seeds, command):
    """accuracy.md, accuracy.json and accuracy.png; -> the Markdown."""
    notes = NOTES.format(texts=" + ".join(f"{n:,}" for n in rows[0].texts))
    markdown = f"```\n{command}\n```\n\n{table(rows, seeds)}\n\n{notes}"
    (folder / "accuracy.md").write_text(markdown, encoding="utf-8")
    write_json(folder / "accuracy.json", {"command": command, "seeds": seeds, "runs": [asdict(row) for row in rows]})
    draw(rows, seeds).figure.savefig(folder / "accuracy.png", dpi=150)
    return markdown


def table(rows, seeds):
    """In Markdown, a line for each row."""
    head = ["run", "what it is", *(f"seed {seed}" for seed in seeds), "mean ± sd", "minutes", "parameters"]
    head += ["peak MB", "difference to best [95 %]", "p"]
    lines = [head, ["---"] * len(head), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(row):
    """What a row says, as text."""
    about = f": {RECIPES[row.run].about}" if row.run in RECIPES else ""
    sd = "" if row.sd is None else f" ± {100 * row.sd:.2f}"
    figures = [f"{100 * row.mean:.2f}{sd}", f"{row.minutes:.1f}", f"{row.parameters:,}", f"{row.peak_mb:,.0f}"]
    c = row.against_best
    compared = ["best", ""]
    if c is not None:
        compared = [f"{_signed(c.difference)} [{_signed(c.low)}, {_signed(c.high)}]", f"{c.p:.4f}"]
    return [row.run, f"`{row.arguments}`{about}", *(f"{100 * a:.2f}" for a in row.accuracy), *figures, *compared]


def _signed(share):
    return f"{100 * share:+.2f}"


def draw(rows, seeds, ax=None):
    """A marker for the accuracy of each seed and a bar at the mean, a line for each run. -> Axes."""
    from common import plot

    ax = ax or plot.new_axes(6.4, 1.2 + 0.4 * len(rows))
    places = range(len(rows))
    ax.plot([100 * row.mean for row in rows], places, "|", color="black", ms=16, mew=3, label="mean")
    for i, seed in enumerate(seeds):
        marker = "os^Dvp*X"[i % 8]
        accuracy = [100 * row.accuracy[i] for row in rows]
        ax.plot(accuracy, places, marker, color=plot.BLUE, mfc="white", label=f"seed {seed}")
    ax.set_yticks(places, [row.run for row in rows], parse_math=False)
    ax.set(xlabel="validation accuracy in %", ylim=(len(rows) - 0.5, -0.5))  # the best above
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax
