"""Draws docs/lstm_step.png, the computational graph of one LSTM step.

python docs/draw_graph.py
"""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Circle

OUT = Path(__file__).with_name("lstm_step.png")
BLUE, ORANGE = "#0072B2", "#D55E00"
WIDTH, HEIGHT = 8.0, 4.6  # inches; one unit of the coordinates below is one inch

# name: (x, y, what stands in the circle)
NODES = {
    "matmul x": (1.4, 0.6, "MatMul"),
    "matmul h": (1.4, 1.7, "MatMul"),
    "add": (2.45, 1.15, "+"),
    "f": (3.7, 2.9, "σ"),
    "g": (3.7, 2.05, "tanh"),
    "i": (3.7, 1.15, "σ"),
    "o": (3.7, 0.35, "σ"),
    "forget": (4.8, 3.8, "×"),
    "fill": (4.8, 2.05, "×"),
    "sum": (5.65, 3.8, "+"),
    "tanh c": (6.4, 2.05, "tanh"),
    "show": (6.4, 0.35, "×"),
}
# name: (x, y), an array that comes in or goes out
ENDS = {
    "x": (0.35, 0.6),
    "h": (0.35, 1.7),
    "Wx": (1.4, -0.22),
    "Wh": (1.4, 2.52),
    "b": (2.45, 0.45),
    "c": (0.35, 3.8),
    "c'": (7.6, 3.8),
    "h'": (7.6, 0.35),
}
# (from, to, points on the way, label)
EDGES = [
    ("x", "matmul x", [], ""),
    ("h", "matmul h", [], ""),
    ("Wx", "matmul x", [], ""),
    ("Wh", "matmul h", [], ""),
    ("b", "add", [], ""),
    ("matmul x", "add", [], ""),
    ("matmul h", "add", [], ""),
    ("add", "f", [(3.05, 1.15), (3.05, 2.9)], ""),
    ("add", "g", [(3.05, 1.15), (3.05, 2.05)], ""),
    ("add", "i", [], ""),
    ("add", "o", [(3.05, 1.15), (3.05, 0.35)], ""),
    ("c", "forget", [], ""),
    ("f", "forget", [(4.8, 2.9)], "f"),
    ("g", "fill", [], "g"),
    ("i", "fill", [(4.8, 1.15)], "i"),
    ("forget", "sum", [], ""),
    ("fill", "sum", [(5.65, 2.05)], ""),
    ("sum", "c'", [], ""),
    ("sum", "tanh c", [(6.4, 3.8)], ""),
    ("tanh c", "show", [], ""),
    ("o", "show", [], "o"),
    ("show", "h'", [], ""),
]
RADIUS = {"MatMul": 0.36, "tanh": 0.27, "σ": 0.22, "×": 0.2, "+": 0.2}


def draw():
    """-> Axes of a new figure that holds the graph."""
    ax = Figure(figsize=(WIDTH, HEIGHT)).add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(-0.4, HEIGHT - 0.4), aspect="equal")
    ax.set_axis_off()
    for edge in EDGES:
        arrow(ax, *edge)
    for x, y, operation in NODES.values():
        learned = operation == "MatMul"
        color = ORANGE if learned else BLUE
        ax.add_patch(Circle((x, y), RADIUS[operation], facecolor="white", edgecolor=color, linewidth=1.6, zorder=2))
        ax.text(x, y, operation, ha="center", va="center", fontsize=9 if len(operation) > 1 else 13)
    for name, (x, y) in ENDS.items():
        ax.text(x, y, name, ha="center", va="center", fontsize=12, style="italic")
    return ax


def arrow(ax, start, end, way, label):
    """A line over the points on the way, with a head where it ends."""
    points = [place(start), *way, place(end)]
    points[0] = short_of(points[0], points[1], gap(start))
    points[-1] = short_of(points[-1], points[-2], gap(end))
    ax.plot(*zip(*points), color="0.25", linewidth=1, zorder=1, solid_capstyle="butt")
    style = {"arrowstyle": "-|>", "color": "0.25", "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=points[-1], xytext=points[-2], arrowprops=style)
    if label:
        x, y = points[0]
        ax.text(x + 0.16, y + 0.13, label, ha="center", va="center", fontsize=12, style="italic")


def place(name):
    return (NODES.get(name) or ENDS[name])[:2]


def gap(name):
    """How far from its middle a line to this node ends."""
    return RADIUS[NODES[name][2]] + 0.02 if name in NODES else 0.17


def short_of(point, towards, distance):
    """The point that lies `distance` from `point` on the line `towards` another."""
    (x, y), (u, v) = point, towards
    length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5
    return x + (u - x) * distance / length, y + (v - y) * distance / length


if __name__ == "__main__":
    draw().figure.savefig(OUT, dpi=110)
