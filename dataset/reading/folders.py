"""Labelled texts of a folder: one sub-folder for each class, files whose names say the class, or one file of lines for
each class, such as rt-polarity.pos and rt-polarity.neg.
"""

import itertools
import re
from dataclasses import dataclass

from dataset.errors import DataError
from dataset.lines import text_lines
from dataset.reading.file_kinds import UNREADABLE
from dataset.reading.input_file import open_input

_SPLITS = ("train", "training", "test", "testing", "dev", "val", "valid", "validation", "eval")
_UNLABELLED = ("unsup", "unlabelled", "unlabeled")
_TABLES = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson")
_TEXTS = (".txt", ".text")
_COMPRESSED = (".gz", ".bz2", ".xz")
_POLARITY = re.compile(r"(?:^|(?<=[._\- ]))(pos|positive|neg|negative|neu|neutral)(?=$|[._\- ])", re.IGNORECASE)
_CLASS_NAMES = re.compile(
    r"(pos|neg|neu|positive|negative|neutral|good|bad|ham|spam|fake|real|true|false|joy|anger|sad|happy|fear|love|surprise)"
)
_NOTES = re.compile(r"(readme|licen[cs]e|notes?|changelog|citation|requirements|url|urls|index|vocab)([._-].*)?", re.I)
_ABOUT = re.compile(r"(readme|licen[cs]e|changelog)(\..*)?", re.IGNORECASE)  # beside the texts of a class
_PARTS = re.compile(r"[\s_.\-]+")


@dataclass
class Folder:
    """The texts of a folder. examples: iterator of (file, label, text). notes: what is to be said of the choice."""

    examples: object
    notes: list


def is_pair(path):
    """Whether a file is one of several that hold the texts of a class each, such as "x.pos" beside "x.neg"."""
    return (
        _ending(path) not in _TABLES
        and path.is_file()
        and _form(path) is not None
        and len(_class_files(path.parent, _form(path))) > 1
        and _has_lines(path, 2)
    )


def only_table(path):
    """The one table of a folder that holds nothing else to read; None for other paths."""
    if not path.is_dir() or any(entry.is_dir() for entry in visible(path)):
        return None
    tables = [entry for entry in visible(path) if _ending(entry) in _TABLES]
    return tables[0] if len(tables) == 1 and not _text_files(path) else None


def open_folder(path, encoding=None):
    """-> Folder of a folder, or of one of the files of a pair. DataError, also while its examples are read."""
    if not path.is_dir():
        return _of_lines(_class_files(path.parent, _form(path)), encoding)
    folders = [entry for entry in visible(path) if entry.is_dir()]
    texts = [entry for entry in visible(path) if entry.is_file()]
    splits = [folder for folder in folders if folder.name.lower() in _SPLITS and _has_folders(folder)]
    if splits:
        return _of_split(path, splits, encoding)
    has_texts = any(_ending(file) in _TEXTS and not _NOTES.fullmatch(file.name) for file in texts)
    if len(folders) == 1 and not has_texts and _has_folders(folders[0]):
        return open_folder(folders[0], encoding)
    if folders and (len(folders) > 1 or not has_texts):
        return _of_classes(folders, encoding)
    return _of_files(path, texts, encoding)


def open_texts(path, encoding=None):
    """-> Folder of texts of which no label is wanted: as with labels, else all files of texts, one text each."""
    try:
        found = open_folder(path, encoding)
        return Folder(found.examples, found.notes[1:])
    except DataError:
        files = [file for file in _text_files(path) if not _NOTES.fullmatch(file.name)]
        if not files:
            raise
    return Folder(((file, None, "".join(text_lines(file, encoding))) for file in files), ["one text a file"])


def visible(folder):
    """The entries of a folder in alphabetical order, without hidden ones and those of tools."""
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith((".", "__")))
    return sorted(entries, key=lambda entry: entry.name)


def _has_folders(folder):
    return any(entry.is_dir() for entry in visible(folder))


def _text_files(folder, above=frozenset()):
    """The files of texts of a folder and of those below it, in alphabetical order. above: where links must not lead."""
    found, others = [], []
    if (place := folder.resolve()) in above:
        return []
    for entry in visible(folder):
        if entry.is_dir():
            found += _text_files(entry, above | {place})
        elif _ending(entry) in _TEXTS:
            found += [] if _ABOUT.fullmatch(entry.name) else [entry]
        elif (
            _ending(entry) in ("", ".md", ".eml", ".review") or _ending(entry)[1:].isdigit() or len(_ending(entry)) > 9
        ):
            others.append(entry)  # "00001.7c53336b37003a9286aba55d2945844c"
    return found or [entry for entry in others if not _NOTES.fullmatch(entry.name)]


def _ending(file):
    """ ".txt" of "a.TXT" and of "a.txt.gz"."""
    endings = [suffix.lower() for suffix in file.suffixes]
    while len(endings) > 1 and endings[-1] in _COMPRESSED:
        endings.pop()
    return endings[-1] if endings else ""


def _of_split(path, splits, encoding):
    train = [folder for folder in splits if folder.name.lower().startswith("train")]
    if len(train) != 1:
        names = ", ".join(folder.name for folder in splits)
        raise DataError(f"{path}: expected one sub-folder per class, got {names}; give the one to read: {splits[0]}")
    found = open_folder(train[0], encoding)
    others = ", ".join(folder.name for folder in splits if folder != train[0])
    found.notes.append(f"the texts are those of {train[0].name}/" + (f", {others} is not read" if others else ""))
    return found


def _of_classes(folders, encoding):
    files = {folder: _text_files(folder) for folder in folders}
    unlabelled = [folder for folder in folders if folder.name.lower() in _UNLABELLED and len(folders) > 2]
    folders = [folder for folder in folders if folder not in unlabelled]
    filled = [folder for folder in folders if files[folder]]
    if len(filled) == 1 < len(folders) and _has_folders(filled[0]):
        return open_folder(filled[0], encoding)  # beside the program that goes with the data
    for folder in folders:
        if not files[folder]:
            way = "write each text as .txt, or all of them with their labels as one .csv"
            raise DataError(f"{folder}: expected .txt files, got none{_instead(folder)}; {way}")
    if all(folder.name.lower() in _SPLITS for folder in folders):
        names = ", ".join(folder.name for folder in folders)
        raise DataError(f"{folders[0].parent}: expected one sub-folder per class, got {names} without classes in them")
    notes = ["labels from the names of the folders", *(f"{folder.name} is not read" for folder in unlabelled)]
    if all(len(files[folder]) == 1 for folder in folders):
        single = [files[folder][0] for folder in folders]
        if all(_has_lines(file, 10) for file in single):
            return _of_lines([(file, folder.name) for file, folder in zip(single, folders)], encoding, notes)
    pairs = ((file, folder.name) for folder in folders for file in files[folder])
    return Folder(((file, label, "".join(text_lines(file, encoding))) for file, label in pairs), notes)


def _instead(folder):
    """What else is in a folder, for a message."""
    names = [entry.name for entry in visible(folder)]
    return f" but {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}" if names else ""


def _has_lines(file, most):
    """Whether a file has so many lines or more: they are texts of their own."""
    with open_input(file) as stream:
        return len([line for line in itertools.islice(stream, most) if line.strip()]) == most


def _form(file):
    """The name of a file without the word that says its class; None where there is none."""
    return _POLARITY.sub("*", file.name, count=1) if _POLARITY.search(file.name) else None


def _class_files(folder, form):
    """(file, label) of the files of a folder that are named alike but for their class."""
    files = [entry for entry in visible(folder) if _form(entry) == form and entry.is_file()]
    return [(file, _POLARITY.search(file.name)[1].lower()) for file in files]


def _of_lines(labelled, encoding, notes=None):
    """One text a line, in (file, label) pairs."""

    def examples():
        for file, label in labelled:
            for number, line in enumerate(text_lines(file, encoding), start=1):
                if not line.isspace():
                    yield f"{file}, line {number}", label, line.rstrip("\r\n")

    notes = notes or ["labels from the names of the files"]
    return Folder(
        examples(), [*notes, f"one text a line of {', '.join(map(_short, [file for file, _ in labelled[:4]]))}"]
    )


def _short(file):
    return f"{file.parent.name}/{file.name}"


def _of_files(path, files, encoding):
    """A folder without classes as sub-folders: files whose names say the class."""
    forms = {form for file in files if (form := _form(file)) is not None and _ending(file) not in _TABLES}
    if len(forms) == 1 and len(pairs := _class_files(path, *forms)) > 1:
        return _of_lines(pairs, encoding)
    texts = [file for file in _text_files(path) if not _NOTES.fullmatch(file.name)]
    stems = [file.name.split(".")[0].lower() for file in texts]
    classes = sum(bool(_CLASS_NAMES.fullmatch(stem)) for stem in stems)
    if 2 <= len(texts) <= 50 and classes >= 2 and not set(stems) & set(_SPLITS):
        return _of_lines([(file, file.name.split(".")[0]) for file in texts], encoding)
    if (labels := _labels_of_names(texts)) is not None:
        pairs = zip(texts, labels)
        notes = ["labels from the names of the files"]
        return Folder(((file, label, "".join(text_lines(file, encoding))) for file, label in pairs), notes)
    if several := [form for form in sorted(forms) if len(_class_files(path, form)) > 1]:
        shown = ", ".join(str(_class_files(path, form)[0][0]) for form in several[:4])
        raise DataError(f"{path}: expected one pair of files, got several; give a file of the one to read: {shown}")
    raise DataError(f"{path}: expected one sub-folder per class, got {_found(path, files, texts)}")


def _labels_of_names(files):
    """The class in names such as "pos_1.txt" or "1-spam.txt": list of str, or None where there is none."""
    parts = [[part for part in _PARTS.split(re.sub(r"(?<=[A-Za-z])(?=\d)", "_", file.stem)) if part] for file in files]
    for i in (0, -1):
        names = [part[i].lower() for part in parts if len(part) > 1]
        words = len(names) == len(files) >= 4 and all(name.isalpha() for name in names)
        if words and not set(names) & set(_SPLITS) and 2 <= len(set(names)) <= min(20, len(names) // 2):
            return names
    return None


def _found(path, files, texts):
    """What a folder holds instead of classes, and the way out."""
    tables = [file.name for file in files if _ending(file) in _TABLES]
    if tables:
        return f"files; give the one to read: {', '.join(str(path / name) for name in tables[:4])}"
    others = [file.name for file in files if file.suffix.lower() in UNREADABLE]
    if others:
        return f"{', '.join(others[:4])}; save as CSV UTF-8, or unpack, and give the file"
    beside = [folder for folder in visible(path.parent)[:100] if folder.is_dir()]
    if texts and len(beside) > 1 and all(any(_ending(f) in _TEXTS for f in visible(folder)) for folder in beside):
        return f"only texts, as in the folder of one class: give the folder above, {path.parent}"
    if texts:
        names = f"{len(texts):,} files whose names say no class, {texts[0].name} the first"
        return f"{names}; put them into one folder for each class"
    return "none"
