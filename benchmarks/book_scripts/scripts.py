"""The scripts of the book that are run, how much of each, and what is timed. Nothing of the book itself is here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """One script. updates: of each call of `fit` (None: all); fits: after so many calls the script ends (None: all);
    words: of the text (None: all); questions: of the test data of sequences (None: all).
    """

    path: str
    updates: int | None = None
    fits: int | None = None
    words: int | None = None
    questions: int | None = None


SCRIPTS = [
    Script("ch01/forward_net.py"),
    Script("ch01/show_spiral_dataset.py"),
    Script("ch01/train.py"),
    Script("ch01/train_custom_loop.py"),
    Script("ch02/count_method_big.py", words=5_000),  # its loop over V x V pairs takes an hour at V = 10,000
    Script("ch02/count_method_small.py"),
    Script("ch02/most_similar.py"),
    Script("ch02/ppmi.py"),
    Script("ch02/show_ptb.py"),
    Script("ch02/similarity.py"),
    Script("ch03/cbow_predict.py"),
    Script("ch03/train.py"),
    Script("ch04/eval.py"),
    Script("ch04/train.py", updates=200),
    Script("ch05/train.py"),
    Script("ch05/train_custom_loop.py"),
    Script("ch06/clip_grads.py"),
    Script("ch06/eval.py"),
    Script("ch06/rnn_gradient_graph.py"),
    Script("ch06/train_better_rnnlm.py", updates=4, fits=2, words=20_000),
    Script("ch06/train_rnnlm.py", updates=41),
    Script("ch07/generate_better_text.py"),
    Script("ch07/generate_text.py"),
    Script("ch07/show_addition_dataset.py"),
    Script("ch07/train_seq2seq.py", updates=101, fits=3, questions=100),
    Script("ch08/train.py", updates=41, fits=2, questions=50),
    Script("ch08/visualize_attention.py"),
]
FAIL_BY_THEMSELVES = {  # with the book's own packages, too, and why
    "ch07/generate_better_text.py": "its parameter file is not in the repository",
    "ch07/generate_text.py": "int() of an array of one element",
    "ch08/train.py": "imports a module of chapter 7 without its folder",
}


@dataclass(frozen=True)
class Timing:
    """One ratio, the book's time / ours. kind: "update" (of a script), "epoch" (from one `fit` to the next), "tokens"
    (one after the other, of a model with its constructor's arguments). needed: the ratio that was to be reached.
    path_too: a folder that the script needs on the path and does not add. pairs: at most so many.
    """

    name: str
    kind: str
    path: str
    needed: float
    model: str = ""
    sizes: tuple[int, ...] = ()
    path_too: str | None = None
    pairs: int = 10


TIMINGS = [
    Timing("ch01 train", "update", "ch01/train.py", 1.0),
    Timing("ch01 custom loop", "update", "ch01/train_custom_loop.py", 1.0),
    Timing("ch03 train", "update", "ch03/train.py", 1.0),
    Timing("ch04 train", "update", "ch04/train.py", 5.0),
    Timing("ch05 train", "update", "ch05/train.py", 2.0),
    Timing("ch06 LM", "update", "ch06/train_rnnlm.py", 1.5),
    Timing("ch06 better LM", "update", "ch06/train_better_rnnlm.py", 1.5),
    Timing("ch07 seq2seq", "update", "ch07/train_seq2seq.py", 1.5),
    Timing("ch08 attention", "update", "ch08/train.py", 1.5, path_too="ch07"),
    Timing("tokens, LM", "tokens", "ch07/rnnlm_gen.py", 1.5, "RnnlmGen", (10_000, 100, 100)),
    Timing("tokens, better LM", "tokens", "ch07/rnnlm_gen.py", 1.5, "BetterRnnlmGen", (10_000, 650, 650)),
    Timing("tokens, seq2seq", "tokens", "ch07/seq2seq.py", 1.5, "Seq2seq", (13, 16, 128)),
    Timing("tokens, Peeky", "tokens", "ch07/peeky_seq2seq.py", 1.5, "PeekySeq2seq", (13, 16, 128)),
    Timing("tokens, attention", "tokens", "ch08/attention_seq2seq.py", 1.5, "AttentionSeq2seq", (59, 16, 256), "ch07"),
    Timing("ch07 epoch", "epoch", "ch07/train_seq2seq.py", 1.5, pairs=3),
]
