"""`sentifish train` on files as people have them: those that need no option, and those that need one."""

import re

import pytest
from conftest import call
from fixtures.people import FILES
from fixtures.people.check import folded

from ch_sentiment.experiment.classifier import Classifier

pytestmark = pytest.mark.usefixtures("here", "no_figures")
TINY = ["--hidden", "4", "--wordvec", "4", "--epochs", "1", "--out", "run"]
READABLE = [entry for entry in FILES if entry.examples and not entry.option]


def trained(path, *options):
    return call("train", path, *options, *TINY)


def labels_of_the_model():
    return {folded(name) for name in Classifier.load("run").label_names}


@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry.name)
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
