"""`sentifish train` on files as people have them: a representative few, and each one that needs an option."""

import re

import pytest
from conftest import call
from fixtures.people import FILES
from fixtures.people.check import folded

from ch_sentiment.experiment.classifier import Classifier

pytestmark = pytest.mark.usefixtures("here", "no_figures")
TINY = ["--hidden", "4", "--wordvec", "4", "--epochs", "1", "--out", "run"]
SOME = {
    *("excel_csv_utf8_where_the_decimal_sign_is_a_comma", "excel_unicode_text", "pandas_csv_of_booleans"),
    *("line_ends_of_an_old_mac", "a_quote_that_is_never_closed", "labels_that_differ_in_case", "header_in_chinese"),
    *("names_that_nobody_knows", "twenty_classes", "tweets_on_airlines", "naver_movies", "polarity_with_titles"),
    *("pandas_csv_with_missing_texts_and_labels", "german_news_in_single_quotes", "tweets_in_six_columns"),
    *("yelp_json", "json_split_by_pandas", "csv_gz", "fasttext", "the_large_movie_review_folder"),
    *("one_of_a_pair_of_files", "class_folders_in_both_unicode_forms", "label_and_text_with_a_space_between_them"),
}


def trained(path, *options):
    return call("train", path, *options, *TINY)


def labels_of_the_model():
    return {folded(name) for name in Classifier.load("run").label_names}


@pytest.mark.parametrize("entry", [entry for entry in FILES if entry.name in SOME], ids=lambda entry: entry.name)
def test_a_file_trains_without_an_option_and_what_was_read_is_said(entry, here, capsys):
    assert trained(entry.write(here)) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in entry.columns)
    assert labels_of_the_model() == {folded(label) for label, _ in entry.examples}


@pytest.mark.parametrize("entry", [entry for entry in FILES if entry.option], ids=lambda entry: entry.name)
def test_a_file_that_needs_an_option_names_it_and_trains_with_it(entry, here, capsys):
    path = entry.write(here)
    assert trained(path) == 2 and not (here / "run").exists()
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and entry.option[0] in err and not out
    assert trained(path, *entry.option) == 0
    assert labels_of_the_model() == {folded(label) for label, _ in entry.examples}


@pytest.mark.parametrize("entry", [entry for entry in FILES if entry.way_out], ids=lambda entry: entry.name)
def test_what_cannot_be_read_is_refused_in_one_line(entry, here, capsys):
    path = entry.write(here)
    assert trained(path) == 2 and not (here / "run").exists()
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and re.search(entry.way_out, err.replace(str(path), "")) and not out


def test_the_few_are_there():
    assert {entry.name for entry in FILES if entry.examples and not entry.option} >= SOME
