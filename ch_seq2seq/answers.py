"""How many answers are right: greedy search over many questions, and a callback for the Trainer."""

import numpy as np

from common.arrays.checks import as_number
from common.training.callbacks import Callback


def answer(model, xs, start_id, sample_size, batch_size=500):
    """`Seq2seq.generate` for any number of questions, `batch_size` at a time: xs (N, S) ids -> (N, sample_size) ids."""
    batch_size = as_number("answer", "batch_size", batch_size, least=1, whole=True)
    parts = [xs[start : start + batch_size] for start in range(0, len(xs), batch_size)]
    return np.concatenate([model.generate(part, start_id, sample_size) for part in parts])


def answers_right(model, xs, ts, batch_size=500):
    """(N,) bool: whether an answer is right in every character. ts: (N, T + 1) ids, each row from its start id on."""
    return (answer(model, xs, ts[0, 0], ts.shape[1] - 1, batch_size) == ts[:, 1:]).all(axis=1)


class AnswerAccuracy(Callback):
    """After every epoch, the share of these questions answered right, as `val_accuracy` of the history.

    Put it before an `EpochTable`, which shows it, or an `EarlyStopping` that monitors it.
    """

    def __init__(self, xs, ts, batch_size=500):
        self.xs, self.ts, self.batch_size = xs, ts, batch_size

    def on_epoch_end(self, trainer):
        right = answers_right(trainer.model, self.xs, self.ts, self.batch_size)
        trainer.history[-1]["val_accuracy"] = float(right.mean())


def as_text(ids, id_to_char):
    """ids (T,) -> str."""
    return "".join(id_to_char[int(i)] for i in ids)


def attention_maps(model, xs, start_id, sample_size):
    """Where a model with attention looks: -> its answers (N, T) ids, and for each of their ids a row of weights (N, T,
    S), which add to 1.
    """
    with model.predicting():
        answers = model.generate(xs, start_id, sample_size)
        before = np.insert(answers[:, :-1], 0, start_id, axis=1)  # what was read when each id was written
        model.decoder.forward(before, model.encode(xs))
        return answers, model.decoder.attention_weight
