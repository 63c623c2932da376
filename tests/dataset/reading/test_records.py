"""Every form of file that people have is read, whatever it is called, and what is none of them is named."""

import gzip
import json

import pytest

from dataset.errors import DataError
from dataset.labelled_text import left_out_line

HALF = "neg (6), pos (6)"


def objects(rows, **more):
    lines = rows('{{"text": "{t}", "label": "{l}"}}').splitlines()
    return [json.loads(line) | more for line in lines]


# ---- delimiters


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a"])
def test_the_delimiter_is_judged_by_the_content_whatever_the_file_is_called(read, rows, name, delimiter):
    for form in ("{t}" + delimiter + "{l}", "{l}" + delimiter + "{t}"):
        found = read(name, rows(form))
        assert found.label_names == ["neg", "pos"] and len(found.texts) == 12 and not found.left_out
        names = delimiter.join(["text", "label"] if form[1] == "t" else ["label", "text"]) + "\n"
        assert read(name, names + rows(form)).notes == [f'text from "text", labels from "label": {HALF}']


def test_texts_with_commas_do_not_hide_a_semicolon(read, rows):
    found = read("a.csv", rows("{t}, yes;{l}"))
    assert found.notes == [f"text from column 1, labels from column 2: {HALF}"]
    assert found.texts[0].endswith(", yes")


def test_the_first_line_of_excel_names_the_delimiter(read, rows):
    found = read("a.csv", "sep=;\r\n" + "text;label\n" + rows("{t}, yes;{l}"))
    assert found.notes == [f'text from "text", labels from "label": {HALF}'] and found.numbers[0] == 3


def test_a_tsv_of_pandas_has_quoted_cells_over_several_lines(read, rows):
    found = read("a.tsv", "text\tlabel\n" + rows('"{t}\nsaid ""{s}"""\t{l}'))
    assert found.texts[0].endswith('0\nsaid "the 0"') and found.numbers.tolist()[:2] == [2, 4] and not found.left_out
    late = read("a.tsv", "text\tlabel\n" + rows("{t}\t{l}", 2500) + '"a ""good""\nfilm"\tpos\n' + rows("{t}\t{l}"))
    assert late.texts[2500] == 'a "good"\nfilm' and late.numbers[2501] == 2504


def test_quotes_of_a_plain_tsv_are_characters(read, rows):
    found = read("a.tsv", rows('{l}\t"{t}" they said') + 'pos\t"never closed\n' + rows("{l}\t{t}"))
    assert len(found.texts) == 25 and found.texts[12] == '"never closed'


def test_the_quotes_of_kaggles_reviews_have_backslashes(read, rows):
    found = read("labeledTrainData.tsv", "id\tsentiment\treview\n" + rows('"{}_8"\t{b}\t"{t} \\"so\\" {s}"'))
    assert found.notes == ['text from "review", labels from "sentiment": 0 (6), 1 (6)']
    found = read("a.csv", "label,text\n" + rows('{l},"{t} \\"hm, yes\\" {s}"'))
    assert len(found.texts) == 12 and '"hm, yes"' in found.texts[0]


def test_a_stray_quote_costs_nothing_and_one_that_is_never_closed_its_own_line(read, rows):
    found = read("a.csv", "label,text\n" + rows('{l},a 5" disc of "{s}"') + rows('{l},"So" {t}'))
    assert len(found.texts) == 24 and not found.left_out and found.texts[12].startswith("So the plot")
    for after in (rows("{l},{t}"), rows('{l},"{t}"'), rows("{l},{t}") + 'neg,so-called "film"\n', 'neg,a film"\n'):
        found = read("a.csv", "label,text\n" + rows("{l},{t}") + 'pos,"open\n' + after)
        assert found.left_out == {"a quote that is never closed": [14]}
        assert len(found.texts) == 12 + after.count("\n") and "open" not in " ".join(found.texts)


def test_too_many_open_quotes_are_another_form_of_file(read, rows):
    with pytest.raises(DataError, match=r"a\.csv, line 1\d\d: expected quotes in pairs"):
        read("a.csv", "label,text\n" + rows('{l},"{t}', 300))


def test_rows_of_another_width_are_left_out_and_counted(read, rows):
    content = "text,label\n" + rows("{t},{l}") + "a,b,c\nonly\n,,\n\n" + rows("{t},{l},,") + rows("{t},{l}")
    found = read("a.csv", content)
    assert found.left_out == {"another number of columns": [14, 15]} and len(found.texts) == 36
    assert left_out_line("a.csv", found.left_out, 38) == (
        "a.csv: 2 of 38 rows are left out (another number of columns 2): lines 14, 15"
    )
    with pytest.raises(DataError, match=r"r\.csv: .* got none \(left out: another number of columns 12\)"):
        read("r.csv", "id,text,label\n" + rows("{},{t},{l},more"))


def test_unquoted_commas_of_most_rows_belong_to_the_text(read, rows):
    found = read("a.csv", "label,text\n" + rows("{l},{t}, {s}") + rows("{l},{t}, {s}, so"))
    assert found.texts[0].endswith(" 0, the 0") and "further commas belong to the text" in found.notes


# ---- JSON


def test_json_lines_are_read_under_any_name(read, rows):
    lines = rows('{{"id": {}, "text": "{t}", "label": "{l}", "more": {{"a": [1]}}}}')
    for name in ("a.jsonl", "a.ndjson", "a.json", "a.txt"):
        assert read(name, lines).notes == [f'text from "text", labels from "label": {HALF}']
    found = read("a.jsonl", lines + '\n{"label": "pos"}\n{"text": "a", "label": null}\n{"text": "cut o')
    assert found.left_out == {"no JSON record": [16], "no label": [15], "no text": [14]}
    found = read("a.jsonl", rows('{{"text": ["{s}", "fine"], "stars": {c}.0}}'))
    assert found.label_names == ["1", "2", "3"] and found.texts[0] == "the 0 fine"


def test_documents_of_json_are_read_in_all_usual_forms(read, rows):
    records = objects(rows)
    texts, labels = [r["text"] for r in records], [r["label"] for r in records]
    by_index = {str(i): r for i, r in enumerate(records)}
    columns = {key: {str(i): r[key] for i, r in enumerate(records)} for key in ("text", "label")}
    split = {"columns": ["text", "label"], "index": [*range(12)], "data": [*map(list, zip(texts, labels))]}
    forms = [records, {"version": 1, "data": records}, columns, by_index, {"text": texts, "label": labels}, split]
    forms += [split["data"], {"neg": texts[::2], "pos": texts[1::2]}, dict(zip(texts, labels))]
    for form in forms:
        for indent in (None, 2):
            found = read("a.json", json.dumps(form, indent=indent))
            assert sorted(found.texts) == sorted(texts) and found.notes[0].endswith(HALF), form


def test_what_is_no_json_is_named(read, rows):
    with pytest.raises(DataError, match=r"a\.json, line 2: expected JSON, got none \(Expecting ':'"):
        read("a.json", '[{"text": "a", "label": 1},\n {"text": "b", "label" 2}]')
    with pytest.raises(DataError, match=r"a\.json, line 1: expected JSON, got 'hello'"):
        read("a.json", "hello\nworld\n")
    with pytest.raises(DataError, match=r"dicts in the form of Python .*json\.dumps\(ast\.literal_eval\(line\)\)"):
        read("a.json", rows("{{'reviewText': '{t}', 'overall': {c}.0}}"))
    with pytest.raises(DataError, match=r"a\.json: expected a list of records.* got an object with the keys a, b"):
        read("a.json", '{"a": {"x": [1]}, "b": [1]}')
    with pytest.raises(DataError, match=r"a\.json: expected JSON, got what cannot be read"):
        read("a.json", "[" * 100_000)


def test_a_record_of_a_document_is_named_by_its_number(read, rows):
    with pytest.raises(DataError, match=r"a\.json, record 3: unknown label 'neg'"):
        read("a.json", json.dumps([{"text": "so", "label": "pos"}] * 2 + objects(rows)), label_names=["pos", "x"])
    document = json.dumps([*objects(rows), {"text": "so", "label": None}])
    assert read("a.json", document).unit == "record" and read("a.jsonl", rows('["{t}", "{l}"]')).unit == "line"
    with pytest.raises(DataError, match=r"a\.json, record 13: expected a row that can be used, got no label"):
        read("a.json", document, strict=True)


# ---- fastText, and a label before a space


@pytest.mark.parametrize("form", ["__label__{l} {t}", "__label__{l} , {t}", "__label__{l}\t{t}", "{t} __label__{l}"])
def test_fasttext_lines_have_one_label_anywhere(read, rows, form):
    found = read("train.ft.txt", rows(form))
    assert found.notes == [f"text and labels from lines with __label__: {HALF}"]
    assert found.texts[0] == "the plot was slow but the 0"


def test_of_several_fasttext_labels_one_is_wanted(read, rows):
    found = read("a.txt", rows("__label__{l} {t}") + "__label__pos __label__neg both\n")
    assert found.left_out == {"several labels, where one is wanted": [13]}
    with pytest.raises(DataError, match=r"a\.txt, line 5: expected one __label__ a line, got 2 \(neg, other\)"):
        read("a.txt", rows("__label__{l} __label__other {t}"))


@pytest.mark.parametrize("label", ["{b}", "{l}", "DESC:{l}", "-{c}"])
def test_a_label_may_stand_before_a_space(read, rows, label):
    found = read("a.txt", rows(label + " {t}", 24))
    assert len(found.texts) == 24 and found.notes[0].startswith("text from each line, labels from its first word: ")
    assert found.texts[0] == "the plot was slow but the 0"


@pytest.mark.parametrize("form", ["{t}", "I {t}", "Well, {t} so, {s}"])
def test_plain_texts_have_no_labels(read, rows, form):
    with pytest.raises(DataError, match="expected a column of texts and one of labels, got one column"):
        read("a.txt", rows(form, 40))


def test_marks_of_several_characters_and_an_at_sign_are_known(read, rows):
    found = read("Sentences_50Agree.txt", rows("{t} , {s} me@home .@{l}"))
    assert found.notes[0].endswith(HALF) and found.texts[0].endswith("me@home .")
    found = read("train_data.txt", rows("{} ::: {s} ::: {l} ::: {t}"))
    assert found.notes == [f"text from column 4, labels from column 3: {HALF}"]


def test_features_of_svmlight_are_no_texts(read, rows):
    with pytest.raises(DataError, match="expected a column of texts and one of labels, got one column"):
        read("a.txt", rows("{b} 1:0.5 {c}:1"))


def test_a_text_of_several_labels_is_left_out(read, rows):
    found = read("a.tsv", "text\tlabels\tid\n" + rows("{t}\t{c}\tx{}") + 'so\t1,2\ty\nno\t"2;3"\tz\n')
    assert found.left_out == {"several labels, where one is wanted": [14, 15]} and len(found.texts) == 12
    assert found.label_names == ["1", "2", "3"] and found.t.tolist() == [0, 1, 2] * 4
    found = read("a.jsonl", rows('{{"text": "{t}", "label": ["{l}"]}}') + '{"text": "so", "label": ["pos", "neg"]}\n')
    assert found.left_out == {"several labels, where one is wanted": [13]}


def test_objects_in_objects_are_columns_of_their_own(read, rows):
    found = read("a.json", rows('{{"id": {}, "review": {{"text": "{t}", "stars": {c}}}, "user": {{"name": "me"}}}}'))
    assert found.notes[0].startswith('text from "review.text", labels from "review.stars": ')
    records = [
        {"row_idx": i, "row": json.loads(line)}
        for i, line in enumerate(rows('{{"text": "{t}", "label": {b}}}').split("\n")[:-1])
    ]
    found = read("a.json", json.dumps({"features": [{"name": "text"}], "rows": records, "partial": False}))
    assert found.notes[0].startswith('text from "row.text", labels from "row.label": ')


# ---- compression


def test_compressed_files_are_known_by_their_content(read, rows):
    content = ("text;label\n" + rows("{t};{l}")).encode()
    for name in ("a.csv.gz", "a.csv", "a"):
        assert read(name, gzip.compress(content)).notes[0].endswith(HALF)
    with pytest.raises(DataError, match=r"a\.csv\.gz: expected a whole compressed file, got a damaged one"):
        read("a.csv.gz", gzip.compress(content)[:-9])


# ---- what programs write


def test_objects_of_annotations_are_columns_at_any_depth(read, rows):
    studio = [
        {"data": {"text": found["text"]}, "annotations": [{"result": [{"value": {"choices": [found["label"]]}}]}]}
        for found in objects(rows)
    ]
    note = f'text from "data.text", labels from "annotations.result.value.choices": {HALF}'
    assert read("a.json", json.dumps(studio)).notes == [note]
    assert read("a.jsonl", "".join(json.dumps(found) + "\n" for found in studio)).notes == [note]
    assert read("a.json", json.dumps(studio), label_column="choices").label_names == ["neg", "pos"]
    several = {"text": "two opinions", "annotations": [{"label": "neg"}, {"label": "pos"}]}
    lines = [{"text": found["text"], "annotations": [{"label": found["label"]}]} for found in objects(rows)]
    found = read("b.json", json.dumps([*lines, several]))
    assert found.label_names == ["neg", "pos"] and found.left_out == {"several labels, where one is wanted": [13]}


def test_a_list_of_records_may_lie_deeper_in_a_document(read, rows):
    for document in (
        {"nlu": {"examples": objects(rows)}},
        {"took": 3, "hits": {"total": {"n": 1}, "hits": objects(rows)}},
    ):
        assert read("a.json", json.dumps(document)).notes == [f'text from "text", labels from "label": {HALF}']


def test_a_table_of_r_has_spaces_between_quoted_cells(read, rows):
    found = read("a.txt", '"text" "label"\n' + rows('"{}" "{t}, \\"yes\\"" "{l}"'))
    assert found.notes == [f'text from "text", labels from "label": {HALF}'] and found.texts[0].endswith('0, "yes"')


def test_the_rule_below_the_header_of_markdown_is_no_row(read, rows):
    found = read("a.md", "| text | label |\n| :--- | ---: |\n" + rows("| {t} | {l} |"))
    assert found.notes == [f'text from "text", labels from "label": {HALF}'] and found.numbers[0] == 3


def test_a_text_with_a_few_of_the_delimiters_keeps_them(read, rows):
    for last in ("fine; though late;pos\n", "pos;fine; though late\n"):
        found = read("a.txt", rows("{t};{l}" if last[0] == "f" else "{l};{t}") + last)
        assert found.texts[-1] == "fine; though late" and not found.left_out
        assert found.notes[1:] == ["further semicolons belong to the text"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("CREATE TABLE `a` (`text` text, `label` int);\nINSERT INTO `a` VALUES ('x',1),\n('y',0);\n", "a dump of SQL"),
        ("--\n-- PostgreSQL database dump\n--\n", "a dump of SQL"),
        ("% Title: reviews\n%\n@RELATION reviews\n@attribute text string\n@data\n'x',1\n", "a Weka file"),
    ],
)
def test_dumps_are_named_with_the_way_out(read, content, what):
    with pytest.raises(DataError, match=rf"a\.txt: expected text, this is {what}.*: export .* as \.csv"):
        read("a.txt", content)


def test_one_class_names_the_column_and_the_option(read, rows):
    with pytest.raises(
        DataError, match=r'1 class .new. found.*; text from "text", labels from "label": say --label-column'
    ):
        read("a.csv", "text,label,answer\n" + rows("{t},new,{l}"))
    assert read("a.csv", "text,label,answer\n" + rows("{t},new,{l}"), label_column="answer").label_names == [
        "neg",
        "pos",
    ]


def test_the_parts_of_a_document_are_no_labels(read, rows):
    parts = {"train": objects(rows), "test": objects(rows)[:2]}
    note = "the texts are those of train, test is not read"
    assert read("a.json", json.dumps(parts)).notes == [f'text from "text", labels from "label": {HALF}', note]
    pairs = {name: [list(found.values()) for found in part] for name, part in parts.items()}
    assert read("a.json", json.dumps(pairs)).notes == [f"text from column 1, labels from column 2: {HALF}", note]


def test_columns_of_any_name_are_no_texts_of_a_label_each(read, rows):
    found = objects(rows)
    columns = {"says": [row["text"] for row in found], "mood of it": [row["label"] for row in found]}
    assert read("a.json", json.dumps(columns)).notes[0] == f'text from "says", labels from "mood of it": {HALF}'
    texts = {"pos": columns["says"][:6], "neg": columns["says"][6:]}
    assert read("a.json", json.dumps(texts)).notes[0] == f'text from "text", labels from "label": {HALF}'


def test_a_table_of_html_that_is_called_xls_is_named(read):
    with pytest.raises(DataError, match=r"a table of HTML, as some programs write \.xls: open it in a spreadsheet"):
        read("a.xls", "<table><tr><td>text</td><td>label</td></tr></table>")
