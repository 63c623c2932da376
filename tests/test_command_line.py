"""`sentifish` as a person meets it: what it prints, what it writes, and what it says of bad input."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import common.checkpoint
from ch_sentiment.__main__ import main
from ch_sentiment.classifier import Classifier
from ch_sentiment.options import OPTIMIZERS
from common.checkpoint import save_arrays
from dataset import phrases

ROOT = Path(__file__).parents[1]
TINY = ["--hidden", "4", "--wordvec", "4", "--epochs", "2", "--quiet"]
WRITTEN = ["config.json", "confusion.png", "history.json", "learning_curve.png", "model.npz"]


def call(*arguments):
    """main, with argparse's way of leaving turned into its exit code."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as left:
        return left.code


def start(*arguments, cwd, **how):
    """A real process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "error", "-m", "ch_sentiment", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True, **how)  # noqa: S603


def everything(folder):
    """path -> bytes of all files below a folder, and None for folders."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in Path(folder).rglob("*")}


def same_weights(*folders):
    """Whether two runs have the same network to the bit, and the same words."""
    a, b = map(Classifier.load, folders)
    return a.vocab == b.vocab and all(np.array_equal(p, q) for p, q in zip(a.net.params, b.net.params))


def lines_of(label_texts, separator="\t"):
    return "".join(f"{label}{separator}{text}\n" for label, text in label_texts)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder of one's own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def write(here):
    def write_file(name, content):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write_file


TWO = [("pos" if i % 2 else "neg", f"{'good fine' if i % 2 else 'bad poor'} thing number{i % 5}") for i in range(40)]
THREE = [("abc"[i % 3], f"{('good', 'bad', 'odd')[i % 3]} thing") for i in range(42)]


@pytest.fixture
def two(write):
    return write("two.tsv", lines_of(TWO))


@pytest.fixture(scope="session")
def phrases_model(tmp_path_factory):
    """A tiny model of the phrases, made once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("model") / "run"
    assert call("train", *TINY, "--limit", "100", "--out", folder) == 0
    return folder


# ---- train


def test_train_writes_five_files_and_says_what_it_found(here, capsys, two):
    assert call("train", "--data", two, *TINY, "--out", "a/run") == 0
    out, err = capsys.readouterr()
    assert err == "" and sorted(os.listdir("a/run")) == WRITTEN
    assert re.search(r"^validation accuracy \d+\.\d\d% on 4 texts, best epoch \d$", out, re.M)
    assert "written to a/run" in out and all(name in out for name in WRITTEN)
    assert len(re.findall(r"^  (neg|pos)\t[01]\.\d{4}\t(good|bad) ", out, re.M)) == 4
    history = json.loads(Path("a/run/history.json").read_text())
    config = json.loads(Path("a/run/config.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2] and history[0]["val_loss"] > 0
    assert config["hidden"] == 4 and config["data"] == two and config["labels"] == ["neg", "pos"]
    assert config["best_epoch"] == min(history, key=lambda row: row["val_loss"])["epoch"]
    for name in ("learning_curve.png", "confusion.png"):
        assert Path("a/run", name).read_bytes().startswith(b"\x89PNG")


def test_without_out_runs_are_numbered_and_none_is_overwritten(here, two):
    for extra in ([], [], ["--bidirectional", "--cell", "rnn"]):
        assert call("train", "--data", two, *TINY, *extra) == 0
    assert sorted(os.listdir("runs")) == ["two-birnn-1", "two-lstm-1", "two-lstm-2"]
    assert same_weights("runs/two-lstm-1", "runs/two-lstm-2")


def test_another_seed_is_another_model(two):
    for seed in (1, 2):
        assert call("train", "--data", two, *TINY, "--seed", seed, "--out", f"r{seed}") == 0
    assert not same_weights("r1", "r2")


def test_one_seed_is_one_file_to_the_byte(two):
    for name in ("r1", "r2"):
        assert call("train", "--data", two, *TINY, "--out", name) == 0
    assert Path("r1/model.npz").read_bytes() == Path("r2/model.npz").read_bytes()


@pytest.mark.parametrize("quiet", [True, False])
def test_there_is_a_table_line_per_epoch_unless_quiet(two, capsys, quiet):
    arguments = [a for a in TINY if a != "--quiet" or quiet]
    assert call("train", "--data", two, *arguments, "--out", "r") == 0
    out = capsys.readouterr().out
    rows = re.findall(r"^ +[12]  +\d\.\d{4}  +\d\.\d{4}  +\d\.\d{4}  +\d\.\d{4}  +[\d,]+  +\d+\.\d$", out, re.M)
    assert len(rows) == (0 if quiet else 2)
    assert ("val accuracy" in out) is not quiet and ("parameters" in out) is not quiet


@pytest.mark.parametrize(
    "how",
    [
        *(["--cell", cell] for cell in ("rnn", "gru", "lstm")),
        ["--bidirectional"],
        ["--layers", "2"],
        *(["--pool", pool] for pool in ("mean", "max", "attention")),
        *(["--optimizer", name] for name in OPTIMIZERS),
        ["--dropout", "0.5", "--word-dropout", "0.1", "--clip", "0.5", "--batch-size", "7", "--lr", "0.01"],
        ["--bidirectional", "--layers", "2", "--cell", "gru", "--pool", "attention", "--patience", "1"],
    ],
    ids=" ".join,
)
def test_every_variant_is_one_argument(how, monkeypatch):
    import ch_sentiment.train

    monkeypatch.setattr(ch_sentiment.train, "draw", lambda *a: None)  # slow, and the same for all
    assert call("train", *TINY, "--limit", "40", "--out", "r", *how) == 0
    model = Classifier.load("r")
    told = dict(zip(how, [*how[1:], ""]))
    for flag, key in (("--cell", "cell"), ("--layers", "num_layers"), ("--pool", "pool"), ("--dropout", "dropout")):
        if flag in told:
            assert str(model.net.config[key]) == told[flag]
    if "--bidirectional" in how:
        assert model.net.config["bidirectional"] is True
    kept = json.loads(Path("r/config.json").read_text())
    for flag, value in told.items():
        if flag.startswith("--") and value and not value.startswith("--"):
            assert str(kept[flag[2:].replace("-", "_")]) == value


def test_the_phrases_are_learned_to_99_percent_by_the_default_run(capsys):
    assert call("train", "--quiet", "--out", "r") == 0
    report = json.loads(Path("r/history.json").read_text())
    assert report[-1]["accuracy"] > 0.9
    out = capsys.readouterr().out
    assert float(re.search(r"test accuracy (\d+\.\d+)%", out)[1]) >= 99
    assert sum(phrase in out for phrase in phrases.SAMPLES) == len(phrases.SAMPLES)
    assert call("evaluate", "r", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] >= 0.99


def test_tsv_csv_and_folder_give_the_same_model(write, two):
    write("two.csv", lines_of([(label, f'"{text}"') for label, text in TWO], ","))
    for name in ("two.tsv", "two.csv"):
        assert call("train", "--data", name, *TINY, "--out", f"r-{name}") == 0
    assert same_weights("r-two.tsv", "r-two.csv")
    for i, (label, text) in enumerate(TWO):
        write(f"folder/{label}/{i:02}.txt", text)
    assert call("train", "--data", "folder", *TINY, "--out", "r-folder") == 0
    assert Classifier.load("r-folder").label_names == ["neg", "pos"]


def test_three_classes(write, capsys):
    write("three.tsv", lines_of(THREE))
    assert call("train", "--data", "three.tsv", "--classes", "3", *TINY, "--out", "r") == 0
    assert Classifier.load("r").label_names == ["a", "b", "c"]
    assert call("evaluate", "r", "--data", "three.tsv", "--json") == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert np.shape(report["confusion"]) == (3, 3) and report["n"] == 42
    assert call("predict", "--json", "r", "good thing") == 0
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"a", "b", "c"}


def test_test_data_is_scored_once_and_plays_no_part_in_training(write, two, capsys):
    write("test.tsv", lines_of([("pos", "unheard word"), ("neg", "bad"), ("neg", "poor")]))
    assert call("train", "--data", two, *TINY, "--out", "plain") == 0
    assert call("train", "--data", two, "--test-data", "test.tsv", *TINY, "--out", "scored") == 0
    assert "test accuracy" in capsys.readouterr().out
    plain, scored = Classifier.load("plain"), Classifier.load("scored")
    assert same_weights("plain", "scored")
    assert scored.vocab == plain.vocab and "unheard" not in scored.vocab and scored.metrics["test"]["n"] == 3


def test_the_vocabulary_is_no_larger_than_asked_and_of_the_training_part_only(write):
    write("many.tsv", lines_of([(i % 2, f"shared word{i}") for i in range(60)]))
    assert call("train", "--data", "many.tsv", *TINY, "--vocab-size", "10", "--out", "r") == 0
    model = Classifier.load("r")
    assert len(model.vocab) == 10 == len(model.net.params[0])
    assert call("train", "--data", "many.tsv", *TINY, "--validation", "0.5", "--out", "half") == 0
    assert len(Classifier.load("half").vocab) == 30 + 1 + 2


def test_max_len_and_limit_are_kept(two):
    assert call("train", "--data", two, *TINY, "--max-len", "3", "--limit", "20", "--out", "r") == 0
    model = Classifier.load("r")
    assert model.max_len == 3 and len(model.encode(["a b c d e"])[0]) == 3
    assert model.metrics["validation"]["n"] == 2


def test_overwrite_writes_into_a_folder_that_holds_files(two, write):
    write("r/mine.txt", "precious")
    assert call("train", "--data", two, *TINY, "--out", "r", "--overwrite") == 0
    assert sorted(os.listdir("r")) == sorted([*WRITTEN, "mine.txt"]) and Path("r/mine.txt").read_text() == "precious"


def test_the_model_kept_is_that_of_the_best_epoch(write):
    rng = np.random.default_rng(0)  # labels that mean nothing: what is learned is wrong elsewhere
    noise = [(rng.integers(2), " ".join(f"word{i}" for i in rng.integers(20, size=3))) for _ in range(60)]
    how = ["--epochs", "8", "--lr", "0.1", "--hidden", "8", "--dropout", "0", "--validation", "0.3", "--patience", "8"]
    assert call("train", "--data", write("n.tsv", lines_of(noise)), *TINY, *how, "--out", "r") == 0
    history, model = json.loads(Path("r/history.json").read_text()), Classifier.load("r")
    best = min(history, key=lambda row: row["val_loss"])
    assert best["epoch"] < len(history) == 8
    assert (
        model.metrics["best"]["epoch"] == best["epoch"] == json.loads(Path("r/config.json").read_text())["best_epoch"]
    )
    assert model.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], rel=1e-4)


# ---- predict and evaluate


def test_predict_answers_arguments_in_order_label_tab_probability_tab_text(phrases_model, capsys):
    texts = ["it was good", "it was\nbad\tat all", "never seen words"]
    assert call("predict", phrases_model, *texts) == 0
    out, err = capsys.readouterr()
    rows = [line.split("\t") for line in out.splitlines()]
    assert err == "" and [row[2] for row in rows] == ["it was good", "it was bad at all", "never seen words"]
    assert all(row[0] in ("negative", "positive") and 0.5 <= float(row[1]) <= 1 for row in rows)


def test_predict_answers_every_line_of_standard_input_alike(phrases_model, capsys, monkeypatch):
    texts = ["it was good", "it was bad", "the plot was not dull"]
    assert call("predict", phrases_model / "model.npz", *texts) == 0
    wanted = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("\r\n".join(texts)))
    assert call("predict", phrases_model) == 0
    assert capsys.readouterr().out == wanted


def test_predict_goes_through_standard_input_in_parts(phrases_model, capsys, monkeypatch):
    import ch_sentiment.predict

    monkeypatch.setattr(ch_sentiment.predict, "CHUNK", 2)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n it\nwas\n\n"))
    assert call("predict", phrases_model) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 5 and "3 of 5 lines hold no word" in err


def test_predict_json_is_an_object_a_line_with_every_probability(phrases_model, capsys):
    assert call("predict", "--json", phrases_model, "it was good", "日本\n\ud83d film") == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [o["text"] for o in objects] == ["it was good", "日本\n\ud83d film"]
    for o in objects:
        assert set(o) == {"label", "probability", "probabilities", "text"}
        assert o["probability"] == max(o["probabilities"].values()) == o["probabilities"][o["label"]]
        assert sum(o["probabilities"].values()) == pytest.approx(1)


def test_options_may_stand_anywhere(phrases_model, capsys):
    for arguments in (["--json", phrases_model, "a"], [phrases_model, "a", "--json"], [phrases_model, "--json", "a"]):
        assert call("predict", *arguments) == 0
        assert json.loads(capsys.readouterr().out)["text"] == "a"


def test_evaluate_prints_a_table_or_one_object_with_these_keys(phrases_model, write, capsys):
    data = write("d.tsv", lines_of([("positive", "it was good"), ("negative", "it was bad")] * 5))
    assert call("evaluate", phrases_model, "--data", data) == 0
    out = capsys.readouterr().out
    for word in ("accuracy", "loss", "F1", "ROC AUC", "confusion", "negative", "positive"):
        assert word in out
    assert call("evaluate", phrases_model, "--data", data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"accuracy", "loss", "f1", "roc_auc", "confusion", "n"}
    assert report["n"] == 10 and np.sum(report["confusion"]) == 10
    assert report["accuracy"] == np.trace(report["confusion"]) / 10


def test_evaluate_knows_the_test_part_of_the_phrases(phrases_model, capsys):
    assert call("evaluate", phrases_model, "--json") == 0
    _, (texts, _) = phrases.load_data()
    assert json.loads(capsys.readouterr().out)["n"] == len(texts)


def test_evaluate_answers_where_one_class_is_absent(phrases_model, write, capsys):
    data = write("d.tsv", lines_of([("positive", "it was good")] * 3))
    assert call("evaluate", phrases_model, "--data", data, "--json") == 0
    assert json.loads(capsys.readouterr().out)["roc_auc"] is None
    assert call("evaluate", phrases_model, "--data", data) == 0


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["predict"]])
def test_help_is_there(command, capsys):
    assert call(*command, "--help") == 0
    assert "usage: sentifish" in capsys.readouterr().out


# ---- bad input


@pytest.fixture
def said(here, capsys):
    """refused(arguments) -> the one line, once it is sure that nothing else happened."""

    def refused(*arguments, code=2):
        before = everything(here)
        assert call(*arguments) == code
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and re.match(rf"sentifish( {arguments[0]})?: ", err)
        assert "Traceback" not in err and everything(here) == before
        return err

    return refused


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.tsv", "", "empty.tsv: expected labelled texts"),
        ("empty.csv", "", "empty.csv: expected labelled texts"),
        ("one.tsv", "good\nbad\n", "line 1: expected 2 columns"),
        ("class.tsv", "a\tx\na\ty\n", "1 class"),
        ("three.tsv", "a\tx\nb\ty\nc\tz\n", "3 classes (a, b, c) found where 2 were asked for"),
        ("bytes.tsv", b"a\tx\nb\t\xff\xfe\n", "line 2: expected UTF-8"),
        ("clean.tsv", "a\tgood\nb\t<br/> ... &nbsp;\na\tx\nb\ty\n", "text 2 has none"),
        ("single.tsv", "a\tx\na\ty\nb\tz\n", "at least 2 examples of each class"),
        ("zip.tsv", b"PK\x03\x04\x00\xff\x00", "expected"),
    ],
)
def test_bad_data_is_one_line_and_exit_2(said, write, two, name, content, words):
    write(name, content)
    assert words in said("train", "--data", name, *TINY)
    assert words in said("train", "--data", name, *TINY, "--out", "r")
    if name != "three.tsv":
        line = said("train", "--data", two, "--test-data", name, *TINY, "--out", "r")
        assert name in line or words in line


def test_missing_data_and_an_empty_folder_are_one_line_and_exit_2(said, here, two):
    assert "nowhere.tsv" in said("train", "--data", "nowhere.tsv", *TINY)
    assert "no where.tsv" in said("train", "--data", "no\nwhere.tsv", *TINY)
    (here / "void").mkdir()
    assert "void: expected one sub-folder per class" in said("train", "--data", "void", *TINY)
    assert "nowhere.tsv" in said("train", "--data", two, "--test-data", "nowhere.tsv", *TINY, "--out", "r")


def test_labels_that_training_never_saw_are_one_line_and_exit_2(said, write, two):
    write("other.tsv", lines_of([("pos", "x"), ("odd", "y")]))
    assert "line 2: unknown label 'odd'" in said("train", "--data", two, "--test-data", "other.tsv", *TINY)
    write("odd.tsv", lines_of([("odd", "x"), ("even", "y")] * 20))
    assert "phrases" in said("train", "--data", "odd.tsv", "--test-data", "phrases", *TINY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cell", "transformer"], "transformer"),
        (["--pool", "sum"], "sum"),
        (["--optimizer", "magic"], "magic"),
        *(
            ([f"--{name}", bad], f"--{name}")
            for name in ("hidden", "wordvec", "layers", "batch-size", "epochs", "max-len", "vocab-size", "patience")
            for bad in ("0", "-3", "1.5", "many", "")
        ),
        *(([f"--{name}", bad], f"--{name}") for name in ("lr", "clip") for bad in ("0", "-1", "nan", "inf", "x")),
        *(([f"--{n}", bad], f"--{n}") for n in ("dropout", "word-dropout", "validation") for bad in ("1", "-1", "nan")),
        (["--vocab-size", "2"], "--vocab-size"),
        (["--validation", "0"], "--validation"),
        (["--limit", "0"], "--limit"),
        (["--limit", "3"], "--limit"),
        (["--seed", "-1"], "--seed"),
        (["--classes", "0"], "--classes"),
        (["--classes", "3"], "3 were asked for"),
        (["--classes", "1"], "above 1"),
        (["--nonsense"], "--nonsense"),
        (["--data"], "--data"),
        (["--hidden", "1000000"], "allocate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_option_that_cannot_be_is_one_line_that_names_it_and_exit_2(arguments, words, said):
    assert words in said("train", *TINY, *arguments)


def test_no_command_and_an_unknown_command_are_one_line_and_exit_2(here, capsys):
    for arguments in ([], ["fly"]):
        assert call(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and err.startswith("sentifish: ")


def test_an_output_that_is_not_empty_or_a_file_is_refused_before_anything_is_read(said, write, monkeypatch):
    import ch_sentiment.train

    monkeypatch.setattr(ch_sentiment.train, "prepare", lambda *a: pytest.fail("it was read"))
    write("full/model.npz", "precious")
    write("file", "precious")
    assert "full holds files (--overwrite" in said("train", *TINY, "--out", "full")
    assert "expected a folder, file is a file" in said("train", *TINY, "--out", "file")


def test_a_folder_that_cannot_be_made_is_one_line(said, write):
    write("file", "precious")
    assert "file" in said("train", *TINY, "--limit", "40", "--out", "file/below")


@pytest.mark.parametrize("command", [["evaluate"], ["predict"]])
def test_a_model_that_is_none_is_one_line_and_exit_2(command, said, write, here, phrases_model):
    write("text.npz", "this is no model")
    write("void.npz", "")
    np.savez("other.npz", W=np.ones(3))
    save_arrays("kind.npz", {"W": np.ones(3)}, {"kind": "another"})
    content = (phrases_model / "model.npz").read_bytes()
    write("cut.npz", content[: len(content) // 2])
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    write("damaged.npz", bytes(damaged))
    (here / "empty_folder").mkdir()
    text = ["x"] if command == ["predict"] else []
    for name in ("text", "void", "other", "kind", "cut", "damaged", "missing"):
        assert f"{name}.npz: " in said(*command, f"{name}.npz", *text)
    assert "empty_folder" in said(*command, "empty_folder", *text)


def test_a_vocabulary_that_is_larger_than_the_model_is_refused(said, phrases_model, here):
    arrays, meta = common.checkpoint.load_checkpoint(phrases_model / "model.npz")
    meta["words"].append("more")
    save_arrays("large.npz", arrays, meta)
    assert "large.npz: " in said("predict", "large.npz", "it was good")


def test_predict_without_words_is_one_line_and_exit_2(said, phrases_model, monkeypatch):
    assert "expected words in every text" in said("predict", phrases_model, "...")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "expected texts on standard input" in said("predict", phrases_model)


def test_evaluate_refuses_bad_data(said, phrases_model, write):
    write("other.tsv", lines_of([("positive", "x"), ("odd", "y")]))
    assert "line 2: unknown label 'odd'" in said("evaluate", phrases_model, "--data", "other.tsv")
    assert "nowhere" in said("evaluate", phrases_model, "--data", "nowhere")


# ---- a loss that is not finite, Ctrl-C, pipes


def test_a_loss_that_is_not_finite_is_exit_3_one_line_that_names_a_gradient(two, capsys, monkeypatch):
    from common.layers import SigmoidWithLoss

    seen = []

    def forward(self, x, t, plain=SigmoidWithLoss.forward):
        seen.append(1)
        loss = plain(self, x, t)
        if len(seen) > 10:  # two steps and a validation make an epoch of this data
            self.y = self.y * np.nan
            return np.nan
        return loss

    monkeypatch.setattr(SigmoidWithLoss, "forward", forward)
    assert call("train", "--data", two, *TINY, "--batch-size", "20", "--epochs", "9", "--out", "r") == 3
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert re.match(r"sentifish train: step \d+: the loss is nan; .* gradient .* is that of \w+(\.\w+)+", err)
    model, history = Classifier.load("r"), json.loads(Path("r/history.json").read_text())
    best = min(history, key=lambda row: row["val_loss"])
    assert len(history) == 3 and model.metrics["best"]["val_loss"] == best["val_loss"]


@pytest.mark.parametrize("limit", ["40", "400"])
def test_a_rate_that_overflows_is_exit_3_and_one_line(limit, capsys):
    assert call("train", *TINY, "--limit", limit, "--lr", "1e38", "--epochs", "9", "--out", "r") == 3
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and err.startswith("sentifish train: step ")
    for row in json.loads(Path("r/history.json").read_text()):
        assert np.isfinite(row["val_loss"])
    if Path("r/model.npz").exists():
        Classifier.load("r")


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_ends_training_with_a_model_that_can_be_used(here):
    small = ["--hidden", "4", "--wordvec", "4", "--limit", "200"]
    process = start("train", *small, "--epochs", "100000", "--patience", "100000", "--out", "r", cwd=here)
    try:
        while not process.stdout.readline().strip().startswith("2 "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err and re.search(
        r"^interrupted: the model of epoch \d+, the best so far, is in r$", err, re.M
    )
    history = json.loads((here / "r" / "history.json").read_text())
    assert len(history) >= 2 and Classifier.load(here / "r").metrics["best"]["epoch"] <= len(history)
    assert not list((here / "r").glob("*.tmp"))


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_before_the_first_epoch_is_done_keeps_the_model_as_it_stands(two, capsys, monkeypatch):
    from common.trainer import Trainer

    step = Trainer._train_step
    monkeypatch.setattr(Trainer, "_train_step", lambda *a: (signal.raise_signal(signal.SIGINT), step(*a))[1])
    assert call("train", "--data", two, *TINY, "--batch-size", "5", "--out", "r") == 130
    assert "no epoch was finished" in capsys.readouterr().err
    Classifier.load("r")


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
def test_a_reader_that_has_had_enough_gets_no_traceback(phrases_model, here):
    process = start("predict", phrases_model, "it was good", "it was bad", "so so", cwd=here)
    assert process.stdout.readline().count("\t") == 2
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(timeout=60)
    process.stderr.close()
    process = start("predict", phrases_model, cwd=here, stdin=subprocess.PIPE)
    process.stdout.close()
    try:
        process.stdin.write("it was good\n" * 5000)
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert process.stderr.read() == ""
    process.wait(timeout=60)
    process.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_nobody_reading_at_all_is_no_traceback_either(phrases_model, here, monkeypatch, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "ch_sentiment", "evaluate", str(phrases_model)]
    done = subprocess.run(command, cwd=here, env=env, stdout=writer, stderr=subprocess.PIPE, check=False)  # noqa: S603
    os.close(writer)
    assert done.stderr == b""


def test_python_m_runs_the_same_and_a_script_is_runnable_by_itself(here, phrases_model):
    process = start("predict", phrases_model, "it was good", cwd=here)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and err == "" and out.endswith("\tit was good\n")
    process = start("train", "--data", "none.tsv", cwd=here)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == "" and len(err.splitlines()) == 1 and os.listdir(here) == []
