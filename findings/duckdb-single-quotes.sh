#!/usr/bin/env bash
# DuckDB: of a CSV file with 102 rows one row is read, because one text stands in single quotes.
# Version: duckdb 2.0.1, read_csv with nothing said, of which the dialect is found out ("sniffed").
# Good guess: 102 rows, as Python's csv reads them: the file is what its writer makes.
# Seen: where only the last row needs double quotes, a text like 'Great!' anywhere makes the single quote the
#   file's quotation mark. Then the last row has three columns, so all rows before it, and the header, are taken for
#   notes above the table and skipped. There is no message; with one ordinary row more at the end all is well again.
#   It is so for files of up to 2,047 rows. quote='"' in read_csv avoids it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check duckdb==2.0.1

cd "$work"
"$work/venv/bin/python" - <<'PY'
import csv

import duckdb


def rows_of(reviews):
    """The rows that DuckDB reads from the file that csv.writer makes of them."""
    with open("reviews.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *reviews])
    with open("reviews.csv", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(reviews)
    return duckdb.sql("SELECT * FROM read_csv('reviews.csv')").fetchall()


plain, single, comma = [("Fun.", 1)] * 100, [("'Great!'", 1)], [("A fine, warm film.", 1)]
files = {
    "a text in single quotes, a comma last": plain + single + comma,
    "the same and one row more": plain + single + comma + plain[:1],
    "no text in single quotes": plain + comma,
}
counts = []
for name, reviews in files.items():
    rows = rows_of(reviews)
    counts.append((len(reviews), len(rows)))
    print(f"{name}: {len(reviews)} rows, {len(rows)} read, the last one {rows[-1]}")
print("a good guess: all rows of each")
raise SystemExit(print("HOLDS") if counts == [(102, 1), (103, 103), (101, 101)] else "CHANGED")
PY
