"""The short form of `benchmarks.torture inputs`: of every argument a few hostile values, others in each."""

import pytest

from benchmarks.torture import inputs
from benchmarks.torture.inputs.hostile import KINDS

EVERY = 9  # so many values apart


@pytest.mark.parametrize("part", inputs.PARTS, ids=lambda part: part.__name__)
def test_what_is_handed_over_by_mistake_is_refused_in_one_line_or_means_the_same(part):
    count, problems = 0, []
    for case in part():
        wanted = case.call(case.good)
        for hostile in KINDS[case.kind](case.good, *case.more):
            count += 1
            if count % EVERY == 0 and (problem := inputs.attack(case, hostile, wanted)):
                problems.append(problem)
    assert count > 500 and not problems
