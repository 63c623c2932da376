"""An explanation as one self-contained HTML page: no script, and no font or image from elsewhere.

A word for the answer has a blue background and a solid underline, and is bold; one against it has an orange background
and a dashed underline, so that the page can be read without colours.
"""

from html import escape

import numpy as np

from ch_sentiment.console import printable
from ch_sentiment.explain.attribution import completeness, remarks, rows

SHOWN = 10  # words in the first table
SLANTED = ' <span class="unknown">Slanted</span>: a word that the model does not know.'
WIDTH, HEIGHT, LEFT, BELOW = 400, 170, 46, 22  # of the curve: the whole figure, and its margins

STYLE = """
body { margin: 0 auto; max-width: 42rem; padding: 1rem; background: #ffffff; color: #1a1a1a;
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.text { line-height: 2; }
.for { font-weight: 700; border-bottom: 2px solid #0b4a7a; }
.against { border-bottom: 2px dashed #8a3200; }
.raw { white-space: pre-wrap; }
.unknown { font-style: italic; }
.for1 { background: #e6f1fa; } .against1 { background: #fdeee4; }
.for2 { background: #cfe4f5; } .against2 { background: #fbdcc6; }
.for3 { background: #b3d4ee; } .against3 { background: #f8c7a3; }
.for4 { background: #93c1e5; } .against4 { background: #f4af7e; }
.for5 { background: #70abda; } .against5 { background: #ee9557; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { padding: .15rem .3rem; text-align: right; border-bottom: 1px solid #d0d0d0; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; }
svg text { font-size: 12px; fill: #1a1a1a; }
.curve { fill: none; stroke: #0072b2; stroke-width: 2; }
.dot { fill: #0072b2; }
.grid { stroke: #9a9a9a; stroke-width: 1; stroke-dasharray: 2 3; }
"""


def page(found):
    """The whole page of an Explanation: str."""
    title = escape(f"{printable(found.label)}, {found.probability:.1%}: which words made the decision")
    known = [True] * len(found.words) if found.known is None else found.known
    words = " ".join(map(_word, found.words, found.levels(), known))
    raw = "\n".join(map(printable, found.text.splitlines()))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
{"".join(f"<p>{escape(remark)}</p>" for remark in remarks(found))}
<p class="text" dir="auto">{words}</p>
<p><span class="for for3">for the answer</span> <span class="against against3">against it</span>
the darker, the more.{"" if found.known is None else SLANTED} The words are shown as the model reads them.</p>
<h2>The strongest words</h2>
{_table(*rows(found, found.strongest(SHOWN)))}
<p>{escape(completeness(found.path))}</p>
<h2>What the model thinks after each word</h2>
{_curve(found)}
<details><summary>All words</summary>
{_table(*rows(found, range(len(found.words))))}
</details>
<details><summary>The original text</summary>
<p class="raw" dir="auto">{escape(raw)}</p>
</details>
</body>
</html>
"""


def _word(word, level, known):
    side = "for" if level > 0 else "against"
    classes = ([side, f"{side}{abs(level)}"] if level else []) + ([] if known else ["unknown"])
    return f'<span class="{" ".join(classes)}">{escape(word)}</span>' if classes else escape(word)


def _table(head, rows):
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    cells = ((escape(word), "".join(f"<td>{number}</td>" for number in numbers)) for word, *numbers in rows)
    body = "\n".join(f'<tr><td dir="auto">{word}</td>{numbers}</tr>' for word, numbers in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _curve(found):
    """The probability of the answer after each word as SVG."""
    T, bottom = len(found.words), HEIGHT - BELOW
    xs = np.linspace(LEFT + 4, WIDTH - 8, T) if T > 1 else [(LEFT + WIDTH) / 2]
    ys = 8 + (bottom - 16) * (1 - found.so_far)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys))
    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text x="{LEFT - 4}" y="{y + 4}" text-anchor="end">{share} %</text>'
        for share, y in ((100, 8), (50, bottom / 2), (0, bottom - 8))
    )
    first, last = found.so_far[[0, -1]]
    label = escape(f"{printable(found.label)}: {first:.0%} after the first word, {last:.0%} after the last")
    return f"""<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">
{grid}<polyline class="curve" points="{points}"/>
<circle class="dot" cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="3"/>
<text x="{LEFT}" y="{HEIGHT - 5}">word 1</text><text x="{WIDTH - 4}" y="{HEIGHT - 5}" text-anchor="end">word {T}</text>
</svg>"""
