"""The figures of this chapter, written to files."""

from common.figures.figure_file import write_figure
from common.util import normalize
from dataset.sentences import WORD_PAIRS

COLOURS = 4  # groups of words that a map can tell apart
FIRST = 40  # words of a text without pairs


def draw_map(path, W, word_to_id):
    """A map of the pairs of WORD_PAIRS, or of the first words of a text that lacks most of them. W: (V, D), D >= 2.

    OSError where the figure cannot be written.
    """
    of_text = [(name, pair) for name, pairs in WORD_PAIRS.items() for pair in pairs if set(pair) <= set(word_to_id)]
    pairs = [(name, pair) for name, pair in of_text if name in list(WORD_PAIRS)[:COLOURS]]
    words, groups = [word for _, pair in pairs for word in pair], [name for name, pair in pairs for _ in pair]
    if len(words) < FIRST:
        words, pairs = list(word_to_id)[:FIRST], []
        groups = ["words of the text"] * len(words)
    vectors = normalize(W)[[word_to_id[word] for word in words]]  # (K, D)

    def draw(plot):
        ax = plot.word_map(vectors, words, groups, ax=plot.new_axes(9, 8))
        places, _ = plot.principal_components(vectors)  # (K, 2)
        for line in places[: 2 * len(pairs)].reshape(-1, 2, 2):  # from a word to that of its pair
            ax.plot(*line.T, color="0.75", linewidth=1, zorder=0)
        return ax

    write_figure(path, draw)


def draw_times(path, times):
    """Milliseconds of an update against V on log scales. times: name -> {V: milliseconds}. OSError as above."""

    def draw(plot):
        ax = plot.new_axes()
        for (name, row), (color, marker, dash) in zip(times.items(), plot.STYLES):
            ax.plot(*zip(*sorted(row.items())), dash, color=color, marker=marker, markersize=4, label=name)
        ax.set(xscale="log", yscale="log", xlabel="words of the vocabulary, V", ylabel="milliseconds an update")
        ax.legend(**plot.LEGEND)
        return ax

    write_figure(path, draw)
