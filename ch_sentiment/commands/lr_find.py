"""Find a learning rate: train once while the rate grows, and see where the loss falls fastest. No model is kept."""

import math

from ch_sentiment.commands.arguments import add_options, typed, typed_config
from ch_sentiment.commands.outcome import inform
from ch_sentiment.commands.train import prepared
from ch_sentiment.console import say, warn
from ch_sentiment.experiment.option import COUNT, POSITIVE
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from ch_sentiment.experiment.output import write_figures, write_json
from ch_sentiment.experiment.run import Experiment, new_net
from ch_sentiment.experiment.run_folder import name_of, new_folder, present
from common.training.callbacks import Progress
from common.training.lr_range import RangeTest, steepest
from dataset.errors import DataError

LEAST_STEPS = 300  # fewer than one pass over many texts, more than one over few
HELP = "find a learning rate by a training in which it grows (range test)"
NO_PART = ("test_data", "lr", "schedule", "epochs", "patience", "keep_epoch")
NO_PART += ("calibrate", "abstain", "resume", "save_every")
RESULTS = ("lr_find.json", "lr_find.png")


def add_arguments(parser):
    """Those of `train` but for NO_PART."""
    add_options(parser, [name for name in FIELDS if name not in NO_PART and GROUP_OF[name] != "unlabelled"])
    parser.add_argument("--low", type=POSITIVE, default=1e-5, help="the first rate (default: %(default)s)", metavar="X")
    parser.add_argument("--high", type=POSITIVE, default=10.0, help="the last rate (default: %(default)s)", metavar="X")
    steps = f"the number of steps (default: one pass over the data, at least {LEAST_STEPS})"
    parser.add_argument("--steps", type=COUNT, help=steps, metavar="N")


def run(arguments):
    """Print the suggestion, write the RESULTS; -> exit code: 0, or 130 after Ctrl-C. DataError."""
    if not arguments.low < arguments.high:
        raise DataError(f"--low: expected less than --high {arguments.high}, got {arguments.low}")
    if arguments.high / arguments.low == math.inf:
        raise DataError(f"--low {arguments.low}: expected a share of --high {arguments.high} that is above 0, got none")
    config = typed_config(typed(arguments))
    config = config.with_(validation=config.data.validation or FIELDS["validation"].default)
    data = prepared(config)
    net, notes = new_net(config, data)
    inform(config.run, *data.notes, *notes)
    one_pass = -(-len(data.train) // config.training.batch_size)
    steps = max(arguments.steps or max(one_pass, LEAST_STEPS), 2)

    test = RangeTest(arguments.low, arguments.high, steps)
    callbacks = [test, *([] if config.run.quiet else [Progress()])]
    config = config.with_(epochs=-(-steps // one_pass), patience=None, keep_epoch="best")
    with new_folder(config.run, name_of(config), RESULTS) as folder:
        result = Experiment(config, data, net, callbacks).train()
        reason = result.error or result.stop_reason
        if not test.rates:
            raise DataError(f"no step was finished: {reason}; try a lower --low")
        suggestion = steepest(test.rates, test.losses)
        found = {"suggestion": suggestion, "stopped": reason, "rates": test.rates, "losses": test.losses}
        write_json(folder / "lr_find.json", found)
        if reason == "SIGINT":
            say(f"interrupted after {len(test.rates)} of {steps} steps")
        else:
            say(f"{len(test.rates)} of {steps} steps, up to a rate of {test.rates[-1]:.2g}: {reason}")
            say("the loss falls nowhere" if suggestion is None else f"the loss falls fastest at --lr {suggestion:.2g}")
        curve = {folder / "lr_find.png": lambda plot: plot.range_curve(test.rates, test.losses, suggestion)}
        write_figures(curve, warn)
        if reason == "SIGINT":
            return 130
        say(f"written to {folder}: {', '.join(present(folder, RESULTS))}")
    return 0
