"""Trainings that the ranks of mpiexec share: the first hands out what it trains, and the others follow (`follower`).

They read no file and write none: what they are given is what a training is resumed from, and the texts.
"""

import contextlib
import io
from dataclasses import replace

from ch_sentiment.experiment.run_state import about
from common.files.resume import save_training
from common.training.mpi import tell
from common.training.parallel import DataParallel


@contextlib.contextmanager
def shared_by_ranks(experiment, comm):
    """Inside, the model of an Experiment is trained by all ranks of a communicator; then it is as it was."""
    if comm is None:
        yield
        return
    trainer = experiment.trainer
    if comm.rank == 0:
        _hand_out(experiment, comm)
    model, trainer.model = trainer.model, DataParallel(trainer.model, comm)
    try:
        yield
    finally:
        trainer.model.release()
        trainer.model = model


def _hand_out(experiment, comm):
    config, data = experiment.config, experiment.data
    state = io.BytesIO()
    save_training(state, experiment.trainer, about(config, data, experiment.model.net))
    trained_on = replace(data, test=None, tokens={}, unlabelled_texts=None, labelled=None, pretrained=None)
    tell(comm, (config, trained_on, state.getvalue()))
