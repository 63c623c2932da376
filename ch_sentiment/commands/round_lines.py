"""The rounds of a self-training as lines to read."""

from ch_sentiment.console import shorten_name
from ch_sentiment.experiment.self_training import warnings_after, warnings_before

NAME = 40  # characters of a label that are shown


def round_lines(found, rounds):
    """Lines on a Round, once its texts are labelled, or once it is done; rounds: how many there are."""
    head = f"round {found.number} of {rounds}"
    if found.after is not None:
        change = "" if found.change is None else f"{found.before:.2%} ({found.reference}) -> "
        yield f"{head}: validation accuracy {change}{found.after:.2%}; {found.kept} is kept"
        return
    each = ", ".join(f"{name} {accuracy:.2%}" for name, accuracy in found.teachers.items())
    mean = f"; the mean of them {found.accuracy:.2%}" if len(found.teachers) > 1 else ""
    yield f"{head}: validation accuracy of the teachers, on {found.n:,} texts: {each}{mean}"
    if found.sure_right is not None:
        yield f"{head}: {found.sure:,} of these answers are as sure as that, {found.sure_right:.2%} of them are right"
    chosen = ", ".join(f"{shorten_name(label, NAME)} {count:,}" for label, count in found.chosen.items())
    surplus = f", {found.surplus:,} are more than the balance of the classes has room for" if found.surplus else ""
    total = sum(found.chosen.values())
    used = f"{total:,} of {found.texts:,} texts without labels are learnt from ({chosen})"
    yield f"{head}: {used}; {found.unsure:,} are not sure enough{surplus}"


def doubts(found, given):
    """Lines of warning on a Round. given: list of Teacher."""
    return warnings_before(found, given if found.number == 1 else ()) if found.after is None else warnings_after(found)
