"""Files as people have them: each is read right, or refused with one line that names the option or the way out."""

import pytest
from fixtures.people import FILES
from fixtures.people.check import problems


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry.name)
def test_a_file_as_people_have_it_is_read_right_or_refused_with_the_way_out(entry, tmp_path):
    assert problems(entry, tmp_path) == []


def test_most_files_need_no_option():
    readable = [entry for entry in FILES if entry.examples]
    without = [entry for entry in readable if not entry.option]
    assert len(without) >= 60 and len(without) >= 6 / 7 * len(readable)
    assert len({entry.name for entry in FILES}) == len(FILES)
