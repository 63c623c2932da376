"""The chapter's lesson in one command: each recurrent net in one and in both directions, beside two baselines.

All are trained on the same texts, scored on the same others, with the same settings; some at a time, one a core.
"""

import signal
from pathlib import Path
from statistics import median

from ch_sentiment.commands.arguments import add_options, add_processes_argument, typed
from ch_sentiment.commands.formatting import markdown_table
from ch_sentiment.commands.outcome import STOPPED, inform
from ch_sentiment.commands.scores import beside
from ch_sentiment.commands.train import corpus_of
from ch_sentiment.console import once, printable, say, warn
from ch_sentiment.experiment import epoch_choice, run_folder
from ch_sentiment.experiment.net_size import check_memory
from ch_sentiment.experiment.options import GROUP_OF, Config
from ch_sentiment.experiment.output import write_figures, write_json
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import check_config, new_net
from ch_sentiment.experiment.run_folder import check_out, in_folder, new_folder, present, stem_of, train_in_folder
from ch_sentiment.experiment.trainings import TrainingStopped, at_a_time, train_each
from common.checking.metrics import trivial_accuracies
from common.files.atomic_write import write_atomically
from common.training.callbacks import StopOnSignal

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
NOT_SHARED = ("recipe", "model", "cell", "bidirectional", "resume")  # these differ between kinds
NOT_SHARED += ("adversarial", "virtual_adversarial", "entropy", "processes", "device")
SHARED = [name for name, group in GROUP_OF.items() if name not in NOT_SHARED and group != "unlabelled"]
RESULTS = ("compare.md", "compare.json", "compare.png")


def add_arguments(parser):
    """Those of `train` that can be the same for all kinds."""
    add_options(parser, SHARED)
    add_processes_argument(parser)


def run(arguments):
    """Train every kind and write the RESULTS; -> exit code: 0, 3 where no loss stayed finite, 130 after Ctrl-C, or 143
    after SIGTERM; what is done by then is written. DataError.
    """
    given = typed(arguments, SHARED)
    config = Config.of(given)
    options = config.by_name()
    shared = {name: options[name] for name in SHARED}  # a recipe's settings, too, give way to these
    if "wordvec" not in given:
        del shared["wordvec"]  # no recipe here has another one, and a file of vectors may
    kinds = {kind: config_of({**shared, **own}) for kind, own in KINDS.items()}
    for each in kinds.values():
        check_config(each)
    check_out(config.run)
    data = corpus_of(config)
    for each in kinds.values():
        check_memory(each.model, len(data.vocab))
    inform(config.run, *data.notes, *epoch_choice.notes(config, data))
    rows, histories, code, say_once = [], {}, 0, once(warn)
    processes = at_a_time(arguments.processes, len(kinds), config.run)

    def begun():
        for number, (kind, each) in enumerate(kinds.items(), start=1):
            inform(config.run, f"{number} of {len(kinds)}: {kind}")
            yield kind, each.with_(out=str(folder / kind), processes=1)

    def train(each, callbacks):
        lines = []
        result = trained(each, data, callbacks, lines.append)
        if result.scores is None and result.error is None:
            raise TrainingStopped(result.stop_reason)
        return row_of(Path(each.run.out).name, result), result.history, lines

    with new_folder(config.run, f"{stem_of(config.data.data)}-compare", RESULTS) as folder:
        try:
            for kind, (row, histories[kind], lines) in train_each(train, begun(), processes, config.run.quiet):
                rows.append(row)
                for line in lines:
                    say_once(line)
                inform(config.run, f"  {kind}: {kind_outcome(row)}, {row['minutes']:.2f} minutes")
        except TrainingStopped as stopped:
            message, code = STOPPED[stopped.reason]
            warn(f"{message}: {len(rows)} of {len(kinds)} kinds are trained")
        finally:
            if rows:
                write_results(folder, config, data, rows, histories, say_once)
    return code or (3 if all(row["error"] for row in rows) else 0)


def trained(config, data, callbacks, say):
    """Train one kind in its own folder; -> Result. callbacks: show its progress. say: gets lines on its figures."""
    net, _ = new_net(config, data)
    callbacks = [StopOnSignal((signal.SIGTERM,)), *callbacks]
    with new_folder(config.run, None) as folder:
        result = train_in_folder(in_folder(config, data, net, folder, callbacks), folder)
        if result.scores is not None:
            run_folder.write_figures(folder, result, say)
        return result


def row_of(kind, result):
    """A row of the table; "error" says where the loss was no longer finite."""
    scores = result.scores or {}
    return {
        "kind": kind,
        "accuracy": scores.get("accuracy"),
        "accuracy_interval": scores.get("accuracy_interval"),
        "loss": scores.get("loss"),
        "minutes": sum(epoch["seconds"] for epoch in result.history) / 60,
        "parameters": sum(p.size for p in result.model.net.params),
        "tokens_per_s": median(epoch["tokens_per_s"] for epoch in result.history) if result.history else None,
        "best_epoch": result.best.get("epoch"),
        "epochs": len(result.history),
        "error": result.error,
    }


def kind_outcome(row):
    """The result of a kind in a few words."""
    if row["error"]:
        return row["error"]
    return f"accuracy {row['accuracy']:.2%}, loss {row['loss']:.4f} at epoch {row['best_epoch']}"


def write_results(folder, config, data, rows, histories, say_once):
    """Write the table, print it, write the same as JSON, and the figure."""
    name, part = data.scored
    text = (
        f"{printable(config.data.data)}: {len(data.train):,} texts to train on, {len(data.val):,} to validate. "
        f"Accuracy and loss: of the epoch that is kept, on {len(part):,} texts of the {name} part "
        f"({beside(trivial_accuracies(part.t, data.label_names))}). All kinds had the same "
        f"texts and settings, at most {config.training.epochs} epochs, and patience {config.training.patience}."
        f"\n\n{kinds_table(rows)}\n"
    )
    found = {"scored_on": name, "texts": len(part), "kinds": rows, "options": config.by_name()}
    write_json(folder / "compare.json", found)
    write_atomically(folder / "compare.md", [text.encode("utf-8", "backslashreplace")])
    say("", *text.split("\n"))
    write_figures({folder / "compare.png": lambda plot: learning_curves(histories)[0]}, say_once)
    say(f"written to {folder}: {', '.join(present(folder, RESULTS))}; each training in a folder of its own")


def kinds_table(rows):
    """A Markdown table with a row for each kind; errors below it."""
    head = ("model", "accuracy", "95% interval", "loss", "minutes", "parameters", "tokens/s", "kept epoch")
    cells = [
        (
            row["kind"],
            "not finite" if row["error"] else f"{row['accuracy']:.2%}",
            "-" if row["error"] else "{:.1%} to {:.1%}".format(*row["accuracy_interval"]),
            "-" if row["error"] else f"{row['loss']:.4f}",
            f"{row['minutes']:.2f}",
            f"{row['parameters']:,}",
            "-" if row["tokens_per_s"] is None else f"{row['tokens_per_s']:,.0f}",
            f"{row['best_epoch'] or '-'} of {row['epochs']}",
        )
        for row in rows
    ]
    errors = [f"\n{row['kind']}: {row['error']}" for row in rows if row["error"]]
    return "\n".join([markdown_table(head, cells), *errors])


def learning_curves(histories):
    """Validation loss and accuracy of each kind in a new figure, see `curves`. -> two Axes."""
    from common import plot

    figure = plot.Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    curves(histories, "val_loss", left).set(ylabel="validation loss")
    curves(histories, "val_accuracy", right).set(ylabel="validation accuracy")
    right.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(KINDS), frameon=False)
    return left, right


def curves(histories, column, ax):
    """A column of each history against the epoch. histories: rows of the Trainer, by kind. -> Axes."""
    from common.plot import BLUE, GREEN, ORANGE

    lines = {  # colour and marker by cell, dashed for both directions
        **{"bow": ("0.5", "x:"), "rnn": (ORANGE, "o-"), "gru": (GREEN, "^-"), "lstm": (BLUE, "s-")},
        **{"nbsvm": ("0.2", "+:"), "birnn": (ORANGE, "o--"), "bigru": (GREEN, "^--"), "bilstm": (BLUE, "s--")},
    }
    for kind, history in histories.items():
        color, style = lines[kind]
        inside = "white" if style.endswith("--") else color
        points = [row["epoch"] for row in history], [row[column] for row in history]
        ax.plot(*points, style, color=color, markerfacecolor=inside, label=kind, markersize=5)
    ax.set(xlabel="epoch")
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    return ax
