"""The chapter's lesson in one command: each recurrent net in one and in both directions, beside two baselines.

All are trained on the same texts, scored on the same others, with the same settings. `sentifish compare` runs this.
"""

import contextlib
import io
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import median

from ch_sentiment.commands.train import assemble, check, streams, teller, train
from ch_sentiment.console import drawing, printable, say
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.corpus import prepare, split_rng
from ch_sentiment.experiment.options import TrainOptions, add_options, typed
from ch_sentiment.experiment.recipes import chosen
from ch_sentiment.experiment.run_folder import new_folder, write_json
from common.files.atomic_write import write_whole

HELP = "train RNN, GRU and LSTM, one-way and bidirectional, and two baselines, and compare them in a table"
KINDS = {  # name: what sets it apart
    "bow": {"recipe": "bow"},
    "nbsvm": {"recipe": "nbsvm"},
    "rnn": {"cell": "rnn"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
    "birnn": {"cell": "rnn", "bidirectional": True},
    "bigru": {"cell": "gru", "bidirectional": True},
    "bilstm": {"cell": "lstm", "bidirectional": True},
}
OWN = ("recipe", "model", "cell", "bidirectional")  # what a kind is
NOT_FOR_ALL = ("adversarial", "resume")
SHARED = [f.name for f in fields(TrainOptions) if f.name not in OWN + NOT_FOR_ALL]
RESULTS = ("compare.md", "compare.json", "compare.png")


def add_arguments(parser):
    """Those of `train` that can be the same for all kinds."""
    add_options(parser, SHARED)


def run(arguments):
    """Train every kind and write the RESULTS; -> exit code: 0, 3 where no loss stayed finite, 130 after Ctrl-C, or 143
    after SIGTERM; what is done by then is written. DataError.
    """
    options = TrainOptions(**typed(arguments))
    shared = {name: getattr(options, name) for name in SHARED}  # a recipe's settings, too, give way to these
    told = {kind: chosen({**shared, **own}) for kind, own in KINDS.items()}
    for each in told.values():
        check(each)
    data = prepare(options, split_rng(options), teller(options))
    done, histories, code = [], {}, 0
    with new_folder(options, f"{Path(options.data).resolve().stem}-compare", RESULTS) as folder:
        try:
            for number, (kind, each) in enumerate(told.items(), start=1):
                teller(options)(f"{number} of {len(told)}: {kind}")
                code, row, history = trained(kind, replace(each, out=str(folder / kind)), data)
                if code:
                    break
                done.append(row)
                histories[kind] = history
                teller(options)(f"  {outcome(row)}, {row['minutes']:.2f} minutes")
        finally:
            if done:
                write(folder, options, data, done, histories)
    return code or (3 if all(row["error"] for row in done) else 0)


def trained(kind, options, data):
    """Train one kind, in its own folder and without a word but the progress; -> exit code, row of the table, history.

    A loss that is no longer finite is told in the row.
    """
    model_rng, order_rng = streams(options)
    with new_folder(options) as folder, contextlib.redirect_stdout(io.StringIO()):
        run = assemble(options, data, build(options, data, model_rng), folder, order_rng)
        try:
            code, error = train(run), None
        except FloatingPointError as found:
            code, error = 0, str(found)
    history = run.trainer.history
    scores = run.model.metrics.get(scored_on(data), {})
    row = {
        "kind": kind,
        "accuracy": scores.get("accuracy"),
        "loss": scores.get("loss"),
        "minutes": sum(epoch["seconds"] for epoch in history) / 60,
        "parameters": sum(p.size for p in run.model.net.params),
        "tokens_per_s": median(epoch["tokens_per_s"] for epoch in history) if history else None,
        "best_epoch": run.best.best_epoch,
        "epochs": len(history),
        "error": error,
    }
    return code, row, history


def scored_on(data):
    """Which part the table tells of: the test part where there is one, as in `train`."""
    return "validation" if data.test is None else "test"


def outcome(row):
    """What a kind reached, in a few words."""
    if row["error"]:
        return row["error"]
    return f"accuracy {row['accuracy']:.2%}, loss {row['loss']:.4f} at epoch {row['best_epoch']}"


def write(folder, options, data, done, histories):
    """Print the table and write it, the same as JSON, and the figure."""
    text = about(options, data) + "\n\n" + table(done) + "\n"
    part = data.val if data.test is None else data.test
    found = {"scored_on": scored_on(data), "texts": len(part), "kinds": done, "options": asdict(options)}
    write_json(folder / "compare.json", found)
    write_whole(folder / "compare.md", [text.encode("utf-8", "backslashreplace")])
    draw(folder, histories)
    say(f"\n{text}\nwritten to {folder}: {', '.join(RESULTS)}; each training in a folder of its own")


def about(options, data):
    """What the figures of the table are of."""
    part = data.val if data.test is None else data.test
    return (
        f"{printable(options.data)}: {len(data.train):,} texts to train on, {len(data.val):,} to validate. Accuracy "
        f"and loss: of the best epoch, on {len(part):,} texts of the {scored_on(data)} part. All kinds had the same "
        f"texts and settings, at most {options.epochs} epochs, and patience {options.patience}."
    )


def table(done):
    """A row of Markdown for each kind, that can be read as it stands; the errors below."""
    head = ("model", "accuracy", "loss", "minutes", "parameters", "tokens/s", "best epoch")
    rows = [
        (
            row["kind"],
            "not finite" if row["error"] else f"{row['accuracy']:.2%}",
            "-" if row["error"] else f"{row['loss']:.4f}",
            f"{row['minutes']:.2f}",
            f"{row['parameters']:,}",
            "-" if row["tokens_per_s"] is None else f"{row['tokens_per_s']:,.0f}",
            f"{row['best_epoch'] or '-'} of {row['epochs']}",
        )
        for row in done
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [(f"{row[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:]))) for row in (head, *rows)]
    errors = [f"\n{row['kind']}: {row['error']}" for row in done if row["error"]]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:])), *errors])


def draw(folder, histories):
    """compare.png."""
    with drawing():
        from ch_sentiment.experiment.comparison_figure import learning_curves

        learning_curves(histories)[0].figure.savefig(folder / "compare.png", dpi=150)
