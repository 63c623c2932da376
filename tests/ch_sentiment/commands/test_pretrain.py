"""`sentifish pretrain`, and `train --init-from` what it leaves: every task, resuming to the bit, what is refused."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, TWO, call, lines_of

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.pretrained import Pretrained
from common.files.checkpoint import load_arrays
from common.trainer import Trainer

pytestmark = pytest.mark.usefixtures("here", "no_figures")

WORDS = ["good", "fine", "great", "bad", "poor", "dull", "thing", "film", "plot", "actor", "was", "very"]
WORDS += [f"number{i}" for i in range(3)]
SMALL = ["--wordvec", "4", "--batch-size", "8", "--steps", "10", "--validation", "0.1", "--quiet"]
RECURRENT = [*SMALL, "--hidden", "4", "--sampled", "5"]
TASKS = {
    "skip-gram": ["--task", "skip-gram", *SMALL, "--subsample", "0.1"],
    "forward": RECURRENT,
    "both": [*RECURRENT, "--bidirectional", "--cell", "gru", "--dropout", "0.2"],
    "backward": [*RECURRENT, "--backward", "--tied"],
    "two layers": [*RECURRENT, "--layers", "2", "--sampled", "0"],
    "autoencoder": [*RECURRENT, "--task", "autoencoder"],
}
OF_NET = {
    "both": ["--bidirectional", "--cell", "gru"],
    "backward": ["--bidirectional"],
    "two layers": ["--layers", "2"],
}
tasks = pytest.mark.parametrize("task", TASKS)


def texts(count=120, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(5, 15))) for _ in range(count)]


@pytest.fixture
def plain(write):
    return write("plain.txt", "\n".join([*texts(), "", "", *texts(3)]) + "\n")


def history(folder):
    rows = json.loads(Path(folder, "history.json").read_text())
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in rows]


# ---- every task, and what a training makes of it


@tasks
def test_a_training_starts_from_the_vectors_the_layers_and_the_words_of_a_pretraining(task, plain, two, capsys):
    assert call("pretrain", plain, *TASKS[task], "--epochs", "2", "--out", "p") == 0
    out = capsys.readouterr().out
    assert "p/model.npz" in out and ("perplexity" in out) == (task != "skip-gram")
    assert sorted(path.name for path in Path("p").iterdir()) == ["config.json", "history.json", "last.npz", "model.npz"]
    rows = history("p")
    assert len(rows) == 2 and all(np.isfinite(row["val_loss"]) for row in rows)
    tiny = [a for a in TINY if a != "--quiet"]
    assert call("train", two, *tiny, *OF_NET.get(task, []), "--init-from", "p", "--out", "t", "--lr", "1e-12") == 0
    assert "p/model.npz knows 8 of the 10 words to train on, " in capsys.readouterr().out
    model, before = Classifier.load("t"), Pretrained.load("p")
    assert model.vocab.words[:10] == vocabulary_of(two) and set(WORDS) <= set(model.vocab.words)
    weights = model.net.weights()
    for name, array in before.layers.items():
        np.testing.assert_allclose(weights[name], array, atol=1e-6)
    found = [weights["embed.W"][model.vocab.word_to_id[word]] for word in WORDS]
    own = [before.arrays["embed.W"][before.vocab.word_to_id[word]] for word in WORDS]
    if task == "skip-gram":  # of another size
        own = np.array(own) * (np.linalg.norm(found) / np.linalg.norm(own))
    np.testing.assert_allclose(found, own, atol=1e-6)


def vocabulary_of(two):
    """The words of its training part, by frequency."""
    assert call("train", two, *TINY, "--out", "alone") == 0
    return Classifier.load("alone").vocab.words


def test_labelled_files_and_built_in_texts_can_be_read_and_it_is_said_what_was(plain, write, capsys):
    labelled = write("more.tsv", lines_of([("pos", text) for text in texts(40, seed=1)]))
    loud = [a for a in TASKS["skip-gram"] if a != "--quiet"]
    assert call("pretrain", plain, "--data", labelled, "--data", "phrases-small", *loud, "--epochs", "1") == 0
    out = capsys.readouterr().out
    for line in (
        "plain.txt: 125 texts",
        "more.tsv: 40 texts, text from column 2",
        "phrases-small: ",
        "5 empty or repeated texts are left out",
    ):
        assert line in out
    assert "words/s" in out and Path("runs/plain-skip-gram-1/model.npz").exists()


def test_held_out_texts_are_not_trained_on(plain):
    from ch_sentiment.pretraining.options import PretrainOptions
    from ch_sentiment.pretraining.texts import load_texts

    found = load_texts(PretrainOptions.of({"data": [plain], "validation": 0.1}))
    train, valid = ({tuple(ids.tolist()) for ids in part} for part in (found.train, found.valid))
    assert not train & valid and len(found.train) + len(found.valid) == 120
    assert 0.07 < sum(map(len, found.valid)) / sum(map(len, [*found.train, *found.valid])) < 0.15
    assert found.counts[0] == len(found.train) and found.counts.sum() == sum(map(len, found.train)) + len(found.train)


def test_lower_layers_move_less_where_their_rates_decay(plain, two):
    assert call("pretrain", plain, *TASKS["forward"], "--epochs", "1", "--out", "p") == 0
    for decay in ("1", "1e-6"):
        how = ["--init-from", "p", "--layer-decay", decay, "--out", decay]
        assert call("train", two, *TINY, *how) == 0
    before = Pretrained.load("p").arrays["layer0.Wx"]
    moved = [np.abs(load_arrays(f"{decay}/model.npz")["layer0.Wx"] - before).max() for decay in ("1", "1e-6")]
    assert moved[0] > 1e-3 and moved[1] < 1e-5


# ---- one seed, one result


@tasks
@pytest.mark.parametrize("step", [2, 5])
def test_a_pretraining_that_a_signal_ended_goes_on_to_the_bit(task, step, plain, capsys, monkeypatch):
    assert call("pretrain", plain, *TASKS[task], "--epochs", "2", "--out", "whole") == 0
    steps, plain_step = [], Trainer._train_step

    def stopping(*arguments):
        steps.append(1)
        if len(steps) == step:
            signal.raise_signal(signal.SIGTERM)
        return plain_step(*arguments)

    monkeypatch.setattr(Trainer, "_train_step", stopping)
    assert call("pretrain", plain, *TASKS[task], "--epochs", "2", "--out", "cut") == 143
    assert f"terminated after step {step}; go on with: sentifish pretrain --resume cut" in capsys.readouterr().err
    assert Path("cut/model.npz").exists()
    assert call("pretrain", "--resume", "cut", "--quiet") == 0
    assert Path("cut/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()
    assert history("cut") == history("whole")


def test_more_epochs_can_be_added_from_another_folder(plain, tmp_path, monkeypatch):
    assert call("pretrain", plain, *TASKS["skip-gram"], "--epochs", "1", "--out", "p") == 0
    folder = Path("p").resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call("pretrain", "--resume", folder, "--epochs", "3") == 0
    assert [row["epoch"] for row in history(folder)] == [1, 2, 3]


# ---- what is refused


@pytest.fixture
def pretrained(plain, capsys):
    assert call("pretrain", plain, *TASKS["forward"], "--epochs", "1", "--out", "p") == 0
    capsys.readouterr()
    return "p"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (["--cell", "gru"], "expected --cell lstm, as it was pretrained, got --cell gru"),
        (["--hidden", "8"], "expected --hidden 4, as it was pretrained, got --hidden 8"),
        (["--wordvec", "8", "--layers", "2"], "expected --wordvec 4 --layers 1, as it was pretrained, got --wordvec 8"),
        (["--bidirectional"], "expected --no-bidirectional, as it was pretrained, got --bidirectional"),
        (["--embedding", "one-hot"], "--init-from: expected no --embedding beside it, got one-hot"),
        (["--model", "nbsvm"], "--init-from: expected a recurrent model, got nbsvm"),
    ],
)
def test_another_net_is_one_line_and_exit_2(how, expected, said, pretrained, two):
    tiny = [] if "--model" in how else TINY
    assert expected in said("train", two, *tiny, *how, "--init-from", pretrained, "--out", "t")


def test_texts_in_another_language_are_one_line_and_exit_2(said, pretrained, write):
    other = write("other.tsv", lines_of([(label, text.replace(" ", "ö ") + "ö") for label, text in TWO]))
    line = said("train", other, *TINY, "--init-from", pretrained, "--out", "t")
    assert "expected texts in the same language; it knows " in line and "% of the tokens" in line


def test_a_classifier_where_a_pretraining_is_wanted_is_one_line_and_exit_2(said, two, capsys):
    assert call("train", two, *TINY, "--out", "c") == 0
    capsys.readouterr()
    line = said("train", two, *TINY, "--init-from", "c", "--out", "t")
    assert "c/model.npz: expected the result of `sentifish pretrain`, got sentifish classifier" in line
    assert "expected a pretraining by `sentifish pretrain`" in said("pretrain", "--resume", "c")
    assert "expected a checkpoint, got No such file" in said("train", two, *TINY, "--init-from", "nowhere")


def test_a_pretraining_where_a_classifier_is_wanted_is_one_line_and_exit_2(said, pretrained):
    assert "expected a sentifish classifier" in said("predict", pretrained, "good")
    assert "expected a training by `sentifish train`" in said("train", "--resume", pretrained)


def test_fewer_than_a_thousand_words_are_one_line_and_exit_2(said, write):
    few = write("few.txt", "a few words\n" * 400)
    line = said("pretrain", few, "--out", "p")
    assert "few.txt: expected at least 1,000 words, in several texts (lines), got 3 in 1" in line
    single = write("single.txt", "many words " * 1000)
    assert "got 2,000 in 1" in said("pretrain", single, "--out", "p")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (["--task", "skip-gram", "--hidden", "8"], "--hidden: expected another --task, got skip-gram"),
        (["--window", "3"], "--window: expected another --task, got language-model"),
        (["--tied", "--wordvec", "8"], "--tied: expected --wordvec as --hidden, got 8 and 64"),
        (["--bidirectional", "--layers", "2"], "--bidirectional: expected --layers 1"),
        (["--bidirectional", "--batch-size", "7"], "--bidirectional: expected an even --batch-size, got 7"),
        (["--vocab-size", "2"], "--vocab-size: expected at least 3"),
        (["--validation", "0"], "--validation: expected a share above 0"),
        (["--out", "plain.txt"], "--out: expected a folder, plain.txt is a file"),
        (["--text-column", "9"], "plain.txt"),
    ],
)
def test_options_that_do_not_fit_are_one_line_and_exit_2(how, expected, said, plain):
    assert expected in said("pretrain", plain, *how)


def test_no_texts_or_texts_that_are_not_there_are_one_line_and_exit_2(said):
    assert "expected texts to pretrain on" in said("pretrain")
    assert "nowhere.txt: expected a file or a folder" in said("pretrain", "nowhere.txt")


def test_what_may_not_change_in_a_resumed_pretraining_is_one_line_and_exit_2(said, pretrained, plain):
    line = said("pretrain", "--resume", pretrained, "--lr", "0.1", "--epochs", "3")
    assert "--resume: expected nothing beside it but --epochs, --save-every, --no-cache, --quiet, got --lr" in line
    assert "--resume: expected no texts beside it" in said("pretrain", plain, "--resume", pretrained)
    Path(plain).write_text("\n".join(texts(seed=5)))
    assert "--resume: expected the data that the pretraining in p began with" in said(
        "pretrain", "--resume", pretrained
    )
