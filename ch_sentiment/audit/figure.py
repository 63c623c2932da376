"""An audit as a figure: the gap of each group."""

from common import plot
from common.figures.names import shortened


def gap_chart(audit, ax=None):
    """A row for each group: its gap with the interval as a line, its worst sentence as a cross. -> Axes."""
    ax = ax or plot.new_axes(7.2, 1.4 + 0.24 * sum(len(d.groups) + 1 for d in audit.dimensions))
    y, ticks, names, rows = 0, [], [], []
    for dimension in audit.dimensions:
        ax.text(0.01, y, dimension.name, transform=ax.get_yaxis_transform(), va="center", weight="bold", fontsize=9)
        for g in dimension.groups:
            y += 1
            ticks.append(y)
            names.append(g.group if g.gap is not None else f"{g.group} (not known)")
            if g.gap is not None:
                rows.append((y, *(100 * x for x in (g.gap, g.low, g.high, g.worst))))
        y += 1
    if rows:
        at, gap, low, high, worst = zip(*rows)
        ax.hlines(at, low, high, color=plot.BLUE, linewidth=2, label="95 % interval")
        ax.plot(gap, at, "o", color=plot.BLUE, markersize=5, label="mean gap")
        ax.plot(worst, at, "x", color=plot.ORANGE, markersize=5, label="worst sentence")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    widest = max([1.0, *(abs(x) for row in rows for x in row[1:])])
    ax.axvline(0, color="0.4", linewidth=1, zorder=0)
    ax.set_xlim(-1.08 * widest, 1.08 * widest)
    ax.set_ylim(y - 0.4, -0.7)
    ax.set_yticks(ticks, names, fontsize=9)
    ax.grid(axis="y", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"probability of {shortened(audit.label, 40)}, difference in points of 100", parse_math=False)
    return ax
