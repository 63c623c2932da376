"""experiment.ranks and experiment.follower: what the first rank hands out, the others train, and touch no file."""

import builtins
import os
import threading

import pytest
from thread_ranks import Threads

from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.follower import SIGNALS, follow
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import Experiment, new_net
from ch_sentiment.experiment.run_folder import LAST, in_folder
from ch_sentiment.experiment.run_state import read_run_state
from common import cores
from common.files.resume import resume_training
from common.training.mpi import tell
from common.training.parallel import StopTogether

SMALL = {"data": "phrases", "limit": 200, "hidden": 4, "wordvec": 4, "epochs": 2, "seed": 1, "batch_size": 64}


def history(trainer):
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]


@pytest.fixture
def trained(tmp_path):
    """A function of options, and of whether to go on from the folder's last.npz: a training on two ranks -> what the
    second returned, the trainer of the first.
    """

    def train(goes_on=False, **options):
        config = config_of({**SMALL, **options})
        data = encode(load(config.data, config.unlabelled), config)

        def work(comm):
            if comm.rank:
                return follow(comm)
            net = read_run_state(tmp_path / LAST).net if goes_on else new_net(config, data)[0]
            experiment = in_folder(config, data, net, tmp_path, [StopTogether(comm, SIGNALS)], comm)
            if goes_on:
                resume_training(tmp_path / LAST, experiment.trainer)
            experiment.train()
            tell(comm, 7)
            return experiment.trainer

        trainer, code = Threads(2).run(work)
        return code, trainer

    return train


@pytest.mark.parametrize("options", [{}, {"dropout": 0.4, "average": 0.9}, {"class_weight": "balanced", "wide": True}])
def test_the_ranks_have_the_history_of_one_process_and_end_with_the_code_of_the_first(options, trained):
    config = config_of({**SMALL, **options})
    alone = Experiment(config, encode(load(config.data, config.unlabelled), config))
    alone.train()
    code, trainer = trained(**options)
    assert code == 7
    for row, other in zip(history(trainer), history(alone.trainer), strict=True):
        assert row == pytest.approx(other, rel=1e-5)


def test_a_training_is_resumed_by_all_ranks_from_the_file_of_the_first(trained):
    _, whole = trained(epochs=3)
    trained(epochs=2)
    _, resumed = trained(True, epochs=3)
    assert history(resumed) == history(whole)


def test_the_other_ranks_touch_no_file(trained, monkeypatch):
    opened, followers = [], []

    def watched(real):
        def call(*args, **how):
            opened.extend([args[0]] if threading.get_ident() in followers else [])
            return real(*args, **how)

        return call

    def followed(comm):
        followers.append(threading.get_ident())
        return real_follow(comm)

    real_follow = follow
    monkeypatch.setitem(globals(), "follow", followed)
    for owner, name in ((builtins, "open"), (os, "open"), (os, "mkdir"), (os, "replace"), (os, "unlink")):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    assert trained()[0] == 7
    assert len(followers) == 1 and set(opened) <= {cores.QUOTA}  # how many processors there are
