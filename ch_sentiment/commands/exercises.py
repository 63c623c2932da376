"""Exercises in a folder of one's own: write a backward pass, and hear which gradient is wrong."""

import json

from ch_sentiment.console import as_argument, printable, shorten, show, warn
from ch_sentiment.exercises.catalogue import all_names, load
from ch_sentiment.exercises.folder import Folder
from ch_sentiment.exercises.judge import check
from ch_sentiment.exercises.process import TIME_LIMIT
from dataset.errors import DataError

HELP = "learn by doing: write the backward pass of a layer and have it judged"
FOLDER = "exercises"
MARKS = {True: "ok   ", False: "WRONG"}


def add_arguments(parser):
    actions = "; ".join(f"{name}: {action.__doc__}" for name, action in ACTIONS.items())
    parser.add_argument("action", choices=list(ACTIONS), help=actions)
    parser.add_argument("name", nargs="*", default=[], help="of an exercise; check: default all that were begun")
    parser.add_argument("--folder", default=FOLDER, help="your own (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="start: keep the old file under another name")
    parser.add_argument("--json", action="store_true", help="check: an object a line")
    limit = f"check: at most so long a file (default: {TIME_LIMIT:g})"
    parser.add_argument("--time-limit", type=float, default=TIME_LIMIT, metavar="SECONDS", help=limit)


def run(options):
    """Run one of the actions; -> exit code: 0, of `check` 1 where something is not right yet. DataError."""
    if not 0 < options.time_limit < 1e6:
        raise DataError(f"--time-limit: expected seconds above 0 and below a million, got {options.time_limit:g}")
    exercises = [load(name) for name in options.name]  # an unknown name is an error before anything is done
    if not exercises and options.action in ("start", "hint", "solution"):
        raise DataError(f"{options.action}: expected a name, at least one of {', '.join(all_names())}")
    return ACTIONS[options.action](exercises, Folder(options.folder), options)


def list_all(exercises, folder, options):
    """all exercises in their order, and what to do before each"""
    rows = [(name, str(load(name).chapter), load(name).title) for name in all_names()]
    after = [f" (after {', '.join(load(name).after)})" if load(name).after else "" for name in all_names()]
    lines = _columns([("exercise", "chapter", ""), *rows]).splitlines()
    show(*(line + end for line, end in zip(lines, ["", *after])))
    return 0


def start(exercises, folder, options):
    """write the file to fill in"""
    for exercise in exercises:
        path, kept = folder.start(exercise, options.again)
        show(f"{path}: {exercise.title}" + (f" (the old one: {kept})" if kept else ""))
    show(f"fill in what raises NotImplementedError, then: {_command('check', exercises[-1].name, folder)}")
    return 0


def check_files(exercises, folder, options):
    """judge your file: which gradient is wrong, where, and why"""
    exercises = exercises or [load(name) for name in all_names() if folder.file(name).is_file()]
    if not exercises:
        raise DataError(f"{folder.path}: expected a file that `start` has written, found none")
    for exercise in exercises:
        if not (path := folder.file(exercise.name)).exists():
            raise DataError(f"{path} is not there; `{_command('start', exercise.name, folder)}` writes it")
    verdicts = []
    for exercise in exercises:
        verdicts.append(check(exercise.name, folder.file(exercise.name), options.time_limit))
        if verdicts[-1].passed:
            _note(folder, exercise.name, passed=True)
        if options.json:
            show(json.dumps(verdicts[-1].as_dict()))
        else:
            show(*_lines(verdicts[-1], folder))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _lines(verdict, folder):
    """A verdict, a line for each array that was compared; once, where it is wrong again in the same case."""
    yield f"{verdict.exercise}: {printable(verdict.path)}"
    case, said, wrong = None, set(), set()
    for found in verdict.checks:
        array = found.case, found.name.partition(",")[0]
        if found.passed is None or (found.passed and found.verb == "unchanged") or array in wrong:
            continue
        wrong |= set() if found.passed else {array}
        if found.case != case:
            yield f"  {found.case}"
        case = found.case
        yield f"    {MARKS[found.passed]} {_with_difference(found)}"
        if found.says and found.says not in said:
            yield f"          likely: {found.says}"
        said.add(found.says)
    if verdict.problem:
        yield f"  {printable(verdict.problem)}"
    if printed := verdict.printed.strip():
        yield f"  it printed: {shorten(printed, 200)}"
    right = sum(found.passed is True for found in verdict.checks)
    if verdict.passed:
        yield f"passed: {right} of {right} arrays are right"
    elif verdict.unwritten:
        yield f"write it there and check again; `{_command('hint', verdict.exercise, folder)}` gives a hint"
    else:
        yield f"not yet: {right} of {len(verdict.checks)} arrays are right"


def _with_difference(found):
    """The name of an array and, where it is wrong, the place of its worst element and both values there."""
    if found.passed or found.worst is None:
        return found.name
    name, comma, when = found.name.partition(",")
    place = f"{list(found.worst)}" if found.worst else ""
    yours, right = float(found.got[found.worst]), float(found.want[found.worst])
    return f"{name}{place}{comma}{when}: yours {yours:.6g}, right {right:.6g}"


def hint(exercises, folder, options):
    """the next hint"""
    for exercise in exercises:
        shown = folder.progress().get(exercise.name, {}).get("hints", 0)
        number = min(shown + 1, len(exercise.hints))
        show(f"{exercise.name}, hint {number} of {len(exercise.hints)}: {exercise.hints[number - 1]}")
        if number == len(exercise.hints):
            show(f"that is the last one; `sentifish exercises solution {exercise.name}` shows a solution")
        _note(folder, exercise.name, hints=number)
    return 0


def solution(exercises, folder, options):
    """a solution"""
    show(*"\n\n".join(exercise.solution.rstrip() for exercise in exercises).split("\n"))
    return 0


def status(exercises, folder, options):
    """which are passed"""
    progress = folder.progress()
    names = [exercise.name for exercise in exercises] or all_names()
    rows = []
    for name in names:
        known = progress.get(name, {})
        begun = "begun" if folder.file(name).exists() else "-"
        rows.append((name, "passed" if known.get("passed") else begun, str(known.get("hints", 0))))
    show(*_columns([("exercise", "state", "hints"), *rows]).split("\n"))
    show(f"passed: {sum(row[1] == 'passed' for row in rows)} of {len(rows)}")
    return 0


def _command(action, name, folder):
    """The command for the same folder, to be typed."""
    elsewhere = "" if str(folder.path) == FOLDER else f" --folder {as_argument(folder.path)}"
    return f"sentifish exercises {action} {name}{elsewhere}"


def _note(folder, name, **changes):
    """Keep progress, which only helps the memory: a folder that cannot be written does not stand in the way."""
    try:
        folder.note(name, **changes)
    except OSError as error:
        warn(f"{error.filename}: {error.strerror}; what is passed, and the hints shown, are not kept")


def _columns(rows):
    """Rows of text as aligned lines."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


ACTIONS = {"list": list_all, "start": start, "check": check_files}
ACTIONS |= {"hint": hint, "solution": solution, "status": status}
