"""Read speeches with a trained model, paragraph by paragraph: load, score, show."""

import json

from ch_sentiment.commands.arguments import add_model_argument, load_model
from ch_sentiment.commands.formatting import csv_row, table
from ch_sentiment.console import say, shorten_name, warn
from ch_sentiment.experiment import output
from ch_sentiment.experiment.option import COUNT
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.run_folder import check_out, new_folder, present
from ch_sentiment.speeches.reading import limits_of, read, remarks, summary
from common.files.atomic_write import write_atomically
from common.processes import map_on_cores
from dataset import speeches
from dataset.errors import DataError

HELP = "read speeches with a trained model, paragraph by paragraph"
RESULTS = ("speeches.json", "paragraphs.csv", "shares.png", "lines.png")
MOST_DRAWN = 40  # speakers, and speeches: more in one figure cannot be read
NAME_WIDTH = 24  # characters of a name in the table


def add_arguments(parser):
    add_model_argument(parser, "the folder of a training, or its model.npz; of two labels")
    file = "with the columns speaker, speech and source (default: eight speeches, which are fetched)"
    parser.add_argument("file", nargs="?", metavar="FILE.csv", help=file)
    words = "the approximate number of words in a paragraph of whole sentences (default: %(default)s)"
    parser.add_argument("--paragraph-words", type=COUNT, default=100, metavar="N", help=words)
    parser.add_argument("--context", action="store_true", help="read each paragraph between its neighbours")
    parser.add_argument("--out", metavar="FOLDER", help="folder for the result (default: a new one below runs/)")
    parser.add_argument("--overwrite", action="store_true", help="write into --out even if it is not empty")
    parser.add_argument("--json", action="store_true", help="print what is written to speeches.json, and no table")


def run(options):
    """Print a table and write the four RESULTS; -> exit code 0. DataError, CheckpointError."""
    check_out(options)
    model = load_model(options)
    if len(model.label_names) != 2:
        raise DataError(f"{options.model}: expected a model of two labels, got {len(model.label_names)}")
    how = options.paragraph_words, options.context
    given = speeches.load_data(options.file)
    readings = list(map_on_cores(lambda speech: read(model, speech, *how), given, options.processes))
    found = summary(readings, model.label_names, *how, limits_of(model))
    with new_folder(options, "speeches", RESULTS) as folder:
        write_json(folder / "speeches.json", found)
        write_atomically(folder / "paragraphs.csv", [as_csv(found).encode("utf-8", "backslashreplace")])
        if options.json:
            say(json.dumps(found))
        else:
            say(*speaker_table(found).split("\n"), "")
            for remark in remarks(readings, model):
                say(remark)
            if len(readings) > MOST_DRAWN:
                say(f"the figures show the first {MOST_DRAWN} only")
            say(found["limits"])
        write_speech_figures(folder, found)
        if not options.json:
            say(f"written to {folder}: {', '.join(present(folder, RESULTS))}")
    return 0


def speaker_table(found):
    """A line for every speaker."""
    labels = [shorten_name(label, NAME_WIDTH) for label in found["labels"]]
    rows = [["speaker", "paragraphs", "words", *(f"{label} (%)" for label in labels), f"mean p({labels[1]})"]]
    for row in found["speakers"]:
        counts, shares = (row["paragraphs"], row["words"]), row["shares"].values()
        numbers = [*(f"{n:,}" for n in counts), *(f"{share:.1f}" for share in shares), f"{row['mean_probability']:.3f}"]
        rows.append([shorten_name(row["speaker"], NAME_WIDTH), *numbers])
    return table((), rows)


def as_csv(found):
    """A row for every paragraph, in which no cell is a formula."""
    rows = [("speech", "speaker", "source", "paragraph", "words", "label", "probability", "text")]
    for i, speech in enumerate(found["speeches"], start=1):
        for j, part in enumerate(speech["paragraphs"], start=1):
            numbers = part["words"], part["label"], f"{part['probability']:.4f}", part["text"]
            rows.append((i, speech["speaker"], speech["source"], j, *numbers))
    return "".join(f"{csv_row(row)}\n" for row in rows)


def write_speech_figures(folder, found):
    """Write shares.png and lines.png; a figure that cannot be drawn is a warning."""

    def bars(plot):
        from ch_sentiment.speeches.figure import share_bars

        return share_bars(found["speakers"][:MOST_DRAWN], found["labels"])

    def lines(plot):
        from ch_sentiment.speeches.figure import speech_lines

        return speech_lines(found["speeches"][:MOST_DRAWN], found["labels"][1])[0]

    output.write_figures({folder / "shares.png": bars, folder / "lines.png": lines}, warn)
