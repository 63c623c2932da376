"""A header may be questions, stand in several rows, below a comment, or be the numbers that pandas writes."""

import pytest

HALF = "neg (6), pos (6)"
STARS = "1 (4), 2 (4), 3 (4)"


@pytest.mark.parametrize(
    "when", ["2024/03/0{c} 9:1{c}:07 PM GMT+1", "{c}-Mar-24 09:10", "March {c}, 2024", "2024年3月{c}日"]
)
def test_the_questions_of_a_form_are_a_header(read, rows, when):
    names = 'Timestamp,"How satisfied are you, all in all, with our service?",What could we do better next time?\n'
    found = read("a.csv", names + rows(f'"{when}",{{c}},{{t}}'))
    text, label = "What could we do better next time?", "How satisfied are you, all in all, with our service?"
    assert found.notes[0] == f'text from "{text}", labels from "{label}": {STARS}'
    assert (
        found.notes[1].startswith('the first line is taken for a header: "Timestamp", "How') and found.numbers[0] == 2
    )


def test_a_question_about_the_label_names_the_texts(read, rows):
    names = "Please explain your rating,How was it?\n"
    assert read("a.csv", names + rows("{t},{l}")).notes[0].startswith('text from "Please explain your rating", labels')
    names = "Submitted at,Score us please,What is the main reason for your score?\n"
    assert read("a.csv", names + rows("2024-01-02,{c},{t}")).notes[0].startswith('text from "What is the main reason')


def test_a_text_of_many_words_above_labels_is_no_header(read, rows):
    for first in ("Was it good or was it bad?,N/A\n", "Was it good or was it bad?,pos\n"):
        found = read("a.csv", first + rows("{t},{b}" if "N/A" in first else "{t},{l}"))
        assert found.numbers[0] == (2 if "N/A" in first else 1) and len(found.notes) == 1


def test_a_first_row_with_an_odd_label_or_without_numbers_is_no_header(read, rows):
    for first in ("It was so good that I cried all night,?\n", "It was so good that I cried all night,unknown\n"):
        assert read("a.csv", first + rows("{t},{b}")).numbers[0] == 1
    found = read("b.csv", "text,votes,price,label\nso it goes,N/A,N/A,pos\n" + rows("{t},{c},{c},{l}"))
    assert found.numbers[0] == 2 and len(found.texts) == 13


def test_further_rows_of_a_header_are_left_out_and_said(read, rows):
    two = "Respondent,Started,How was it?,Why?\n,,Response,Open-Ended Response\n"
    found = read("a.csv", two + rows("11{},2024-01-02,{c},{t}", 20))
    assert found.notes[0].startswith('text from "Why?", labels from "How was it?": 1 (7), 2 (7)')
    assert found.notes[-1] == "the header has 1 further row, left out" and found.numbers[0] == 3
    three = "StartDate,Progress,Finished,Q1,Q2\n"
    three += 'Start Date,Progress,Finished,How was it?,Why?\n{"Id":"a"},{"Id":"b"},x,y,z\n'
    found = read("b.csv", three + rows("2024-01-02 10:00:00,100,True,{l},{t}"))
    assert found.notes[0] == f'text from "Q2", labels from "Q1": {HALF}' and found.numbers[0] == 4
    assert found.notes[-1] == "the header has 2 further rows, left out"


def test_the_numbers_of_pandas_are_a_header(read, rows):
    found = read("a.csv", "0,1\n" + rows("{t},{l}"))
    assert found.notes[0] == f'text from "0", labels from "1": {HALF}' and len(found.texts) == 12
    assert len(read("b.csv", ",0,1\n" + rows("{},{t},{l}")).texts) == 12
    assert len(read("c.csv", "0,so it goes\n1,so it went\n" * 20).texts) == 40


def test_a_comment_may_stand_above_the_header(read, rows):
    found = read("a.csv", "# exported, version 2\ntext,label\n" + rows("{t},{l}"))
    assert found.notes[0] == f'text from "text", labels from "label": {HALF}' and found.numbers[0] == 3


def test_what_stands_in_brackets_is_no_part_of_a_name(read, rows):
    found = read("a.csv", 'comment,"label (0=neg, 1=pos)"\n' + rows("{t},{b}"))
    assert found.notes == ['text from "comment", labels from "label (0=neg, 1=pos)": 0 (6), 1 (6)']


def test_an_empty_column_does_not_win_by_its_name(read, rows):
    found = read("a.csv", "id,data,label,Comments\n" + rows("{},{t},{l},"))
    assert found.notes == [f'text from "data", labels from "label": {HALF}'] and len(found.texts) == 12


def test_long_texts_are_texts_though_their_column_is_called_like_labels(read, rows):
    assert (
        read("a.csv", "note,diagnosis\n" + rows("{t},{l}", 24))
        .notes[0]
        .startswith('text from "note", labels from "dia')
    )


def test_the_name_of_texts_above_sentences_is_a_header_though_the_other_is_a_label(read, rows):
    found = read("a.csv", "Comment,Agree\n" + rows("{t},Agree") + rows("{t},Disagree"))
    assert found.notes[1] == 'the first line is taken for a header: "Comment", "Agree"' and len(found.texts) == 24
