"""What ranks of mpiexec other than the first do: they train what it hands out, and read and write no file."""

import io
import signal

from ch_sentiment.experiment.cells import is_custom_name, register_cell
from ch_sentiment.experiment.run import Experiment
from ch_sentiment.experiment.run_state import read_run_state
from common.files.resume import resume_training
from common.training.mpi import hear
from common.training.parallel import StopTogether

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # which end a training on all ranks after the same step


def follow(comm):
    """Train what `ranks.shared_by_ranks` hands out, one training after the other, until the first rank tells an exit
    code; -> that code. FloatingPointError where a loss or a gradient is no longer finite.
    """
    while isinstance(given := hear(comm), tuple):
        config, data, state = given
        if is_custom_name(config.model.cell):
            register_cell(config.model.cell)
        net = read_run_state(io.BytesIO(state)).net
        experiment = Experiment(config, data, net, [StopTogether(comm, SIGNALS)], comm=comm)
        resume_training(io.BytesIO(state), experiment.trainer)
        if (error := experiment.train().error) is not None:
            raise FloatingPointError(error)
    return given
