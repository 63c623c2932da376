"""An explanation in words and numbers: what every form of it (terminal, page, JSON) has in common."""


def remarks(found):
    """What a reader has to know before believing an Explanation: list of str."""
    lines = []
    if len(found.words) < found.total:
        lines.append(f"cut as in training: {len(found.words):,} of {found.total:,} words are read")
    if found.path is None:
        lines.append("this model is not explained along word vectors: occlusion alone")
    elif not found.path.complete():
        lines.append(f"after {found.path.steps} steps the attributions are not exact to 1 %: see gap and doubt")
    return lines


def columns(found):
    """name -> (numbers (T,), format) of each column that there is."""
    named = {} if found.path is None else {"gradients": (found.path.attributions, "{:+.3f}")}
    named |= {"occlusion": (found.occlusion, "{:+.3f}"), "so far": (found.so_far, "{:.4f}")}
    return named if found.attention is None else named | {"attention": (found.attention, "{:.4f}")}


def rows(found, positions):
    """-> head and rows of a table of the words at these positions, as text."""
    named = columns(found)
    lines = [[found.words[t], *(form.format(column[t]) for column, form in named.values())] for t in positions]
    return ["word", *named], lines


def completeness(path):
    """What the attributions add up to, and how exactly, in one line; "" where there is no Path."""
    if path is None:
        return ""
    difference = path.margin - path.baseline
    share = f", {abs(path.gap / difference):.2%}" if difference else ""
    how = f"gap {abs(path.gap):.4f}{share}; doubt {path.doubt:.2%}; {path.steps} steps"
    return (
        f"margin {path.margin:.3f}, of zero vectors {path.baseline:.3f}; the gradients add up to "
        f"{path.attributions.sum():.3f} of {difference:.3f} ({how})"
    )
