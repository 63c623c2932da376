"""The data sets that can be downloaded: list, fetch, verify, path, clear."""

import argparse

from ch_sentiment.console import show
from dataset.errors import DataError
from dataset.store import fetch
from dataset.store.registry import ENTRIES

HELP = "list, fetch, verify or remove the data that has a name (imdb, glove.6B.zip ...)"


def add_arguments(parser):
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"files are stored in the platform's cache folder, or in that of {fetch.FOLDER_VARIABLE}"
    actions = "; ".join(f"{name}: {action.__doc__}" for name, action in ACTIONS.items())
    parser.add_argument("action", choices=list(ACTIONS), help=actions)
    parser.add_argument("name", nargs="*", default=[], help=f"of {', '.join(ENTRIES)}")


def run(options):
    """Run one of the actions; -> exit code: 0, or 2 if `verify` found a file missing or damaged. DataError."""
    for name in options.name:
        fetch.path(name)  # an unknown name is an error before anything is done
    return ACTIONS[options.action](options.name)


def list_all(names):
    """show names, sizes, licences, sources and what is here"""
    for name in names or ENTRIES:
        entry = ENTRIES[name]
        size = "size not known" if entry.size is None else f"{entry.size / 1e6:,.1f} MB"
        show(f"{name}  ({size}, {fetch.status(name)})", f"    {entry.what}", f"    licence: {entry.licence}")
        show(f"    source: {entry.source}")
    show("", f"stored in {fetch.folder()}")
    return 0


def fetch_all(names):
    """download what is missing or damaged"""
    if not names:
        raise DataError(f"fetch: expected names of data, at least one of {', '.join(ENTRIES)}")
    for name in names:
        show(str(fetch.fetch(name)))
    return 0


def verify_all(names):
    """read every file again and compare its sha256"""
    code = 0
    for name in names or ENTRIES:
        state = fetch.verify(name)
        show(f"{name}\t{state}", kept="\t")
        if state == fetch.DAMAGED or (names and state == fetch.MISSING):
            code = 2
    return code


def show_path(names):
    """show where the files are stored"""
    for place in map(fetch.path, names) if names else [fetch.folder()]:
        show(str(place))
    return 0


def clear_all(names):
    """remove the files from this machine"""
    removed = [place for name in names or [None] for place in fetch.clear(name)]
    show(*[f"removed {place}" for place in removed] or ["nothing to remove"])
    return 0


ACTIONS = {"list": list_all, "fetch": fetch_all, "verify": verify_all, "path": show_path, "clear": clear_all}
