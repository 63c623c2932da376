"""The form of values that come from a file, compared before anything is made of them.

check_form("position", {"epoch": 1, "step": 2.5}, {"epoch": COUNT, "step": COUNT})
# ValueError: position: step: expected a whole number, 0 or above, got 2.5
"""

import sys
from dataclasses import dataclass

from common.arrays.checks import described


@dataclass(frozen=True)
class Number:
    """A number from least to most, both included: an int or, unless it is to be whole, a float. True is none."""

    least: float = -sys.float_info.max
    most: float = sys.float_info.max
    whole: bool = False

    def holds(self, value):
        return type(value) in ((int,) if self.whole else (int, float)) and self.least <= value <= self.most

    def __str__(self):
        bounds = f"{', ' if self.whole else ' '}from {self.least:g} to {self.most:g}"
        if self.most >= MOST:
            bounds = f", {self.least:g} or above" if self.least > -MOST else ""
        return f"a {'whole' if self.whole else 'finite'} number{bounds}"


MOST = 2**53  # so far a float counts exactly
NUMBER, NOT_NEGATIVE, SHARE = Number(), Number(0), Number(0, 1)
COUNT, FROM_ONE = Number(0, MOST, whole=True), Number(1, MOST, whole=True)
KINDS = {str: "a str", bool: "true or false", dict: "an object", list: "a list", None: "null"}


def check_form(name, value, form):
    """ValueError unless a value, as JSON holds it, has this form.

    form: a Number; None; a type of KINDS; a str, which stands for itself; a tuple of forms, one of which is enough; a
    list of one form, for a list of any length; or a dict of forms by name, for an object with these names.
    """
    if isinstance(form, dict):
        check_form(name, value, dict)
        if set(value) != set(form):
            raise ValueError(f"{name}: expected {_listed(form)}, got {_listed(value)}")
        for key, inner in form.items():
            check_form(f"{name}: {key}", value[key], inner)
    elif isinstance(form, list):
        check_form(name, value, list)
        for i, inner in enumerate(value):
            check_form(f"{name}[{i}]", inner, *form)
    elif isinstance(form, tuple) and (
        alike := [f for f in form if isinstance(f, (dict, list)) and type(f) is type(value)]
    ):
        check_form(name, value, alike[0])
    elif not any(_holds(f, value) for f in (form if isinstance(form, tuple) else (form,))):
        expected = " or ".join(map(_called, form if isinstance(form, tuple) else (form,)))
        raise ValueError(f"{name}: expected {expected}, got {described(value)}")


def check_arrays(name, arrays, expected):
    """ValueError unless these arrays have the shapes and dtypes of the expected ones, in their order."""
    forms, wanted = ([f"{a.dtype} {a.shape}" for a in some] for some in (arrays, expected))
    if len(forms) != len(wanted):
        raise ValueError(f"{name}: expected {len(wanted)} arrays, got {len(forms)}")
    for i, (form, want) in enumerate(zip(forms, wanted)):
        if form != want:
            raise ValueError(f"{name}: array {i}: expected {want}, got {form}")


def check_range(name, a, form):
    """ValueError unless all numbers of an array are in the range of a Number."""
    least, most = (a.min().item(), a.max().item()) if a.size else (form.least, form.most)
    if not form.least <= least <= most <= form.most:
        raise ValueError(f"{name}: expected {form} in each place, got {least:g} to {most:g}")


def _holds(form, value):
    if isinstance(form, Number):
        return form.holds(value)
    return type(value) is form if isinstance(form, type) else type(value) is type(form) and value == form


def _called(form):
    if form is None or isinstance(form, type):
        return KINDS[form]
    return {dict: "an object", list: "a list", str: repr(form)}.get(type(form)) or str(form)


def _listed(names):
    return ", ".join(map(ascii, names))[:200] or "nothing"
