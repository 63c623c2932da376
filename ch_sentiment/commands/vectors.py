"""Ask word vectors, of a model or of a file that others made, for near words and analogies: docs/vectors.md."""

import json
from dataclasses import asdict

from tqdm import tqdm

from ch_sentiment.commands.arguments import add_cells_argument, register_cells
from ch_sentiment.commands.formatting import table
from ch_sentiment.console import shorten, show, warn
from ch_sentiment.experiment.option import COUNT
from ch_sentiment.vectors.search import analogy_words, nearest_words
from ch_sentiment.vectors.sources import open_vectors
from dataset.errors import DataError

HELP = "ask word vectors, of a model or a file of them, for near words and analogies"
NEAREST, ANALOGY = "nearest", "analogy"
WIDTH = 60  # characters of a word that are shown


def add_arguments(parser):
    asked = "nearest: the words nearest to each WORD. analogy: with three, A is to B as C is to ..."
    parser.add_argument("question", choices=(NEAREST, ANALOGY), help=asked)
    given = "the folder of a training or a pretraining, a file of word vectors (word2vec, GloVe, fastText), or glove.50"
    parser.add_argument("model", metavar="MODEL_OR_FILE", help=f"{given} to glove.300")
    parser.add_argument("words", nargs="+", metavar="WORD", help="as it stands in the vectors")
    parser.add_argument("--top", type=COUNT, default=10, metavar="N", help="so many words (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines to read")
    add_cells_argument(parser)
    parser.hint = 'a word that begins with a dash stands behind --, as in: -- "-"'


def run(options):
    """Print the answers; -> exit code 0. DataError, CheckpointError, OSError."""
    if options.question == ANALOGY and len(options.words) != 3:
        raise DataError(f"analogy: expected three words, A is to B as C is to ..., got {len(options.words)}")
    register_cells(options)
    source = open_vectors(options.model)

    def progress(blocks):
        with tqdm(total=source.size, unit=" words", leave=False, disable=None, delay=1) as bar:
            for block in blocks:
                yield block
                bar.update(len(block[0]))

    if options.question == ANALOGY:
        found = [analogy_words(source, *options.words, options.top, progress)]
        heads = ["{} : {} = {} : ?".format(*options.words)]
    else:
        found, heads = nearest_words(source, options.words, options.top, progress), options.words
    if options.json:
        answers = [[asdict(neighbour) for neighbour in neighbours] for neighbours in found]
        about = {"vectors": source.name, "notes": list(source.notes)}
        if options.question == ANALOGY:
            about |= {"analogy": options.words, "answers": answers[0]}
        else:
            about["nearest"] = dict(zip(options.words, answers))
        show(json.dumps(about))
        return 0
    for line in source.notes:
        warn(f"{source.name}: {line}")
    for head, neighbours in zip(heads, found):
        show(shorten(head, 3 * WIDTH))
        rows = [(f"  {shorten(each.word, WIDTH)}", f"{each.similarity:.4f}") for each in neighbours]
        show(*table((), rows).split("\n") if rows else ["  no other word"])
    return 0
