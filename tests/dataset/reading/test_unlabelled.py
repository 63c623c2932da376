"""A file whose labels nobody wants is read row by row: each row of it has its place, with or without a text."""

import pytest

from dataset.labelled_text import ReadOptions, read_labelled, read_texts


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("one.csv", 'text\ngood\n""\n"bad, film"\n\n', [(2, "good", 1), (3, "", 1), (4, "bad, film", 1)]),
        ("empty.csv", "id,text\n1,good\n,\n3,bad\n,\n", [(2, "good", 2), (3, "", 2), (4, "bad", 2), (5, "", 2)]),
        ("empty.tsv", "id\ttext\n1\tgood\n\t\n\n3\tbad\n", [(2, "good", 2), (3, "", 2), (5, "bad", 2)]),
        ("cut.jsonl", '{"text":"a"}\n{"text":\n[1]\n{"text":"b"}', [(1, "a", 1), (2, "", 1), (3, "", 1), (4, "b", 1)]),
        ("open.csv", 'text,label\na,x\n"b,y\nc,x\nd,y\n', [(2, "a", 2), (3, "", 2), (4, "c", 2), (5, "d", 2)]),
        ("several.txt", "__label__a __label__b so\n__label__a no\n" * 6, [(1, "so", 2), (2, "no", 2)]),
        ("str.jsonl", '"a film"\n"a \\"b\\""\n', [(1, "a film", 1), (2, 'a "b"', 1)]),
        ("comma.txt", "great, lovely\nbad, dull\n" * 2, [(1, "great, lovely", 1), (2, "bad, dull", 1)]),
        ("number.txt", "1 great film\n2 bad\n\n3 so\n", [(1, "1 great film", 1), (2, "2 bad", 1), (3, "", 1)]),
    ],
)
def test_every_row_has_its_place_whatever_stands_in_it(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content, encoding="utf-8")
    _, rows = read_texts(tmp_path / name)
    found = [(number, text, len(cells)) for number, text, cells in rows]
    assert found[: len(expected)] == expected


def test_rows_that_cannot_be_read_stand_in_order_behind_the_rows_that_are_looked_at_first(tmp_path):
    lines = [f'{{"text": "film {n}"}}' for n in range(1, 3001)]
    for number in (2, 999, 1000, 1001, 2500, 3000):
        lines[number - 1] = "{"
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    _, rows = read_texts(tmp_path / "a.jsonl")
    found = [(number, text) for number, text, _ in rows]
    assert found == [(n, "" if lines[n - 1] == "{" else f"film {n}") for n in range(1, 3001)]


def test_a_row_of_another_width_has_as_many_cells_as_there_are_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text,note\n1,good\n2,bad,a,b,c\n3,so,x\n", encoding="utf-8")
    _, rows = read_texts(path)
    assert [cells for _, _, cells in rows] == [["1", "good", ""], ["2", "bad", "a,b,c"], ["3", "so", "x"]]


def test_empty_rows_of_a_labelled_table_are_passed_over(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n,\na,x\nb,y\n,\n,\n", encoding="utf-8")
    read = read_labelled(path)
    assert read.numbers.tolist() == [3, 4] and read.left_out == {}


def test_a_folder_of_texts_needs_no_classes_and_one_file_of_a_pair_no_other(tmp_path):
    contents = {"a.txt": "good", "b.txt": "so so\nbad", "x.pos": "great\nfine\n", "x.neg": "dull\npoor\n"}
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    _, rows = read_texts(tmp_path / "x.pos")
    assert [text for _, text, _ in rows] == ["great", "fine"]
    for name in ("x.pos", "x.neg"):
        (tmp_path / name).unlink()
    names, rows = read_texts(tmp_path)
    assert rows.notes == ["one text a file"] and names == ["file"]
    assert list(rows) == [(1, "good", [str(tmp_path / "a.txt")]), (2, "so so\nbad", [str(tmp_path / "b.txt")])]


def test_a_column_that_is_named_is_read_in_a_file_of_lines_too(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 great film\n2 bad\n3 so\n", encoding="utf-8")
    _, rows = read_texts(path, ReadOptions(text_column="2"))
    assert next(rows)[1] == "great film"
