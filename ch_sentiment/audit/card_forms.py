"""The sections of a model card as Markdown and as one self-contained HTML page."""

import base64
import html
import re
from collections import namedtuple

from ch_sentiment.console import printable

Section = namedtuple("Section", "title parts")  # a part is a paragraph (str) or a Table
Table = namedtuple("Table", "header rows")  # a list of str, and lists of as many


def markdown(sections, image):
    """The card as Markdown. image: the bytes of audit.png, beside it, or None where there is none."""
    lines = []
    for depth, section in enumerate(sections):
        lines += [f"{'##' if depth else '#'} {_plain(section.title)}", ""]
        for part in section.parts:
            lines += _markdown_table(part) if isinstance(part, Table) else [_plain(part)]
            lines.append("")
        if section.title == "Audit" and image is not None:
            lines += ["![gap of each group](audit.png)", ""]
    return _encodable("\n".join(lines).rstrip() + "\n")


def _markdown_table(table):
    head, *rows = (f"| {' | '.join(map(_plain, row))} |" for row in (table.header, *table.rows))
    return [head, "|" + " --- |" * len(table.header), *rows]


def _plain(text):
    """Text in which neither Markdown nor HTML has a meaning."""
    text = re.sub(r"([\\`*_{}\[\]|#~$])", r"\\\1", printable(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("://", ":&#47;&#47;")


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 56rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; }
.wide { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.6rem 0.25rem 0; border-bottom: 1px solid #767676;
  min-width: 3.5rem; }
th:first-child, td:first-child { min-width: 6rem; }
img { max-width: 100%; height: auto; }
"""


def read_markdown(text):
    """What `markdown` wrote -> list of Section, without the figure; other Markdown becomes paragraphs."""
    sections, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(list(map(_read, line.removeprefix("| ").removesuffix(" |").split(" | "))))
            continue
        if rows:
            header, _, *others = [*rows, []][: max(len(rows), 2)]
            sections = sections or [Section("", [])]
            sections[-1].parts.append(Table(header, others))
            rows = []
        if found := re.match(r"#+ (.*)", line):
            sections.append(Section(_read(found[1]), []))
        elif line and not line.startswith("!["):
            sections = sections or [Section("", [])]
            sections[-1].parts.append(_read(line))
    return sections


def _read(text):
    """What `_plain` made plain."""
    return html.unescape(re.sub(r"\\([\\`*_{}\[\]|#~$])", r"\1", text))


def html_page(sections, image):
    """The card as one self-contained HTML page. image: the bytes of audit.png, or None where there is none."""
    return _encodable(f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{_escaped(sections[0].title)}</title><style>{STYLE}</style></head>
<body>
{html_sections(sections, image)}
</body></html>
""")  # without the empty icon a browser requests one


def html_sections(sections, image=None, heading=None):
    """What stands in the body of that page. heading: the element of all titles; None: h1 for the first, h2."""
    body = []
    for depth, section in enumerate(sections):
        tag = heading or ("h2" if depth else "h1")
        body += [f"<{tag}>{_escaped(section.title)}</{tag}>"] if section.title else []
        for part in section.parts:
            body.append(_html_table(part) if isinstance(part, Table) else f"<p>{_escaped(part)}</p>")
        if section.title == "Audit" and image is not None:
            source = "data:image/png;base64," + base64.b64encode(image).decode("ascii")
            body.append(f'<p><img src="{source}" alt="The gap of each group, as in the tables above"></p>')
    return "\n".join(body)


def _html_table(table):
    head = "".join(f'<th scope="col">{_escaped(cell)}</th>' for cell in table.header)
    rows = "".join(f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>\n" for row in table.rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>'


def _escaped(text):
    return html.escape(printable(text))


def _encodable(text):
    """Without lone surrogates, which a label name in a file may contain."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
