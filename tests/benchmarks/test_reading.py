"""benchmarks.reading at a toy size: the same texts in every form, and its table."""

import json
import tracemalloc

import pytest

from benchmarks import reading
from dataset.labelled_text import read_labelled


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reading")
    return {form: reading.write(folder / f"reviews.{form}", 300) for form in reading.FORMS}


@pytest.mark.parametrize("form", reading.FORMS)
def test_every_form_holds_the_same_texts(paths, form):
    found, wanted = read_labelled(paths[form]), read_labelled(paths["tsv"])
    assert found.texts == wanted.texts and found.t.tolist() == wanted.t.tolist()
    assert len(found.texts) == 300 and found.label_names == ["negative", "positive"]


@pytest.mark.parametrize("form", reading.FORMS)
def test_a_measurement_is_printed_as_json(paths, form, capsys):
    reading.main(["--measure", "seconds", str(paths[form])])
    assert json.loads(capsys.readouterr().out) > 0
    tracemalloc.stop()  # what other tests left
    reading.main(["--measure", "memory", str(paths[form])])
    tracemalloc.stop()
    beyond, texts = json.loads(capsys.readouterr().out)
    assert beyond > 0 and texts > 300 * 20  # their least length


def test_the_table_divides_medians_by_that_of_the_tsv():
    times = {"tsv": [2.0, 9.0, 1.0], "csv": [3.0, 2.5, 8.0]}
    beyond = {form: [(1e6, 2e7), (1.5e6, 2e8)] for form in times}
    rows = reading.table(times, beyond, {"tsv": 200e6, "csv": 210e6}).split("\n")
    assert rows[2:] == [
        "| .tsv | 200 | 2.00 | 1.00 | 1.5 | 1.0 | 200 |",
        "| .csv | 210 | 3.00 | 1.50 | 1.5 | 1.0 | 200 |",
    ]
