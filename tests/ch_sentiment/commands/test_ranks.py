"""commands.ranks: a program that mpiexec started several times. None of this needs MPI; the last tests start it."""

import sys
import types

import pytest

from benchmarks.torture import ranks as torture
from ch_sentiment.commands import ranks
from ch_sentiment.console import Terminated
from ch_sentiment.console.signals import Interruptible
from ch_sentiment.program import all_commands, execute, parse

with_mpi = pytest.mark.skipif(not torture.AVAILABLE, reason="pip install -e '.[mpi]'")


@pytest.fixture
def rank(monkeypatch):
    """A function that makes this process one of two ranks."""

    def become(number):
        monkeypatch.setenv("PMI_SIZE", "2")
        monkeypatch.setenv("PMI_RANK", str(number))

    return become


def test_a_command_either_has_work_for_ranks_or_is_among_those_that_are_tried():
    assert sorted(all_commands()) == sorted([*ranks.SHARED, *torture.ALONE])


@pytest.mark.parametrize("name", torture.ALONE)
def test_a_command_for_one_process_says_so_once_and_does_nothing(name, rank, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", None)  # which it does not ask
    monkeypatch.setattr(ranks, "HEAD_START", 0)
    rank(0)
    assert ranks.run([name, *torture.ALONE[name]], parse, execute, Interruptible()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"sentifish {name}: expected one process, got 2 ranks of mpiexec: only train has work for several\n"
    rank(1)
    assert ranks.run([name, *torture.ALONE[name]], parse, execute, Interruptible()) == 2
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("argv", "code"), [(["--version"], 0), (["predict", "--help"], 0), (["nonsense"], 2), ([], 2)])
def test_help_and_what_cannot_be_parsed_come_from_the_first_rank_alone(argv, code, rank, capsys, monkeypatch):
    monkeypatch.setattr(ranks, "HEAD_START", 0)
    rank(0)
    assert ranks.run(argv, parse, execute, Interruptible()) == code
    assert "".join(capsys.readouterr())
    rank(1)
    assert ranks.run(argv, parse, execute, Interruptible()) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (SystemExit(4), "sentifish train: SystemExit: 4", 4),
        (SystemExit(), "sentifish train: SystemExit: ", 1),  # in the midst of it, 0 is no success
        (KeyboardInterrupt(), "sentifish train: interrupted", 130),
        (Terminated(), "sentifish train: terminated", 143),
        (ValueError("expected mpi4py"), "sentifish train: expected mpi4py", 2),
    ],
)
def test_what_leaves_a_program_on_ranks_is_said_in_one_line_and_ends_all(error, line, code, rank, monkeypatch):
    said, rank_of = [], types.SimpleNamespace(rank=0, size=2)
    monkeypatch.setattr(ranks, "join", lambda: rank_of)
    monkeypatch.setattr(ranks, "end_with", lambda line, code: said.append((line, code)))

    def fails(*given):
        raise error

    rank(0)
    assert ranks.run(["train"], parse, fails, _NoSignals()) == code
    assert said == [(line, code)]


def test_the_first_rank_tells_the_others_its_exit_code(rank, monkeypatch):
    sent = []
    comm = types.SimpleNamespace(rank=0, size=3, send=lambda message, to: sent.append((message, to)))
    monkeypatch.setattr(ranks, "join", lambda: comm)
    rank(0)
    assert ranks.run(["train"], parse, lambda *given: 143, _NoSignals()) == 143
    assert sent == [(143, 1), (143, 2)]


class _NoSignals:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


@with_mpi
@pytest.mark.parametrize(
    ("how", "arguments", "code", "messages", "given"),
    [
        ((), ("predict", "model"), 2, 1, "open"),
        (("ch_sentiment.program", "None", "1", "ValueError", "0"), ("train", *torture.SMALL), 2, 1, "text"),
        (("common.trainer", "Trainer._train_step", "9", "SystemExit", "1"), ("train", *torture.SMALL), 3, 1, "text"),
    ],
)
def test_a_job_ends_in_time_with_one_message_and_leaves_nothing(how, arguments, code, messages, given):
    torture.one_job(how, arguments, code, messages, given)
