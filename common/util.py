"""The book's address for its helpers, and those of them that print or cut up a text. Nothing new goes here."""

import contextlib
import inspect
import os
import sys

import numpy as np

from common.arrays.checks import as_ids, as_number
from common.np import GPU, to_cpu, to_gpu
from common.optimizer import clip_grads
from common.training.batches import window_places
from common.training.terminal import Bar, is_terminal
from common.word_counts import (
    convert_one_hot,
    cos_similarity,
    cosines,
    create_co_matrix,
    create_contexts_target,
    nearest,
    ppmi,
)

__all__ = [
    "GPU",
    "analogy",
    "clip_grads",
    "convert_one_hot",
    "cos_similarity",
    "create_co_matrix",
    "create_contexts_target",
    "eval_perplexity",
    "eval_seq2seq",
    "most_similar",
    "normalize",
    "np",
    "ppmi",
    "preprocess",
    "to_cpu",
    "to_gpu",
]


def preprocess(text):
    """A text -> its words as ids (T,) in the order in which they first occur, word_to_id, id_to_word (dicts).

    Lower case; words end at a space, and before a full stop. (`dataset.text.tokenize` cuts up what people write.)
    """
    words = text.lower().replace(".", " .").split(" ")
    word_to_id = {word: word_id for word_id, word in enumerate(dict.fromkeys(words))}
    id_to_word = {word_id: word for word, word_id in word_to_id.items()}
    return np.array([word_to_id[word] for word in words]), word_to_id, id_to_word


def most_similar(query, word_to_id, id_to_word, word_matrix, top=5):
    """Print the `top` words whose vectors have the largest cosine with that of `query`. word_matrix: (V, D)."""
    if query not in word_to_id:
        print(f"{query} is not found")
        return
    query_id = word_to_id[query]
    similarity = cosines(word_matrix, word_matrix[query_id])  # (V, D), (D,) -> (V,)
    print(f"\n[query] {query}")
    _print_first(similarity, id_to_word, [query_id], top)


def analogy(a, b, c, word_to_id, id_to_word, word_matrix, top=5, answer=None):
    """Print the `top` words nearest to b - a + c: "a is to b as c is to ...". word_matrix: (V, D), rows of length 1.

    answer: a word whose similarity is printed, too.
    """
    for word in (a, b, c, *(() if answer is None else (answer,))):
        if word not in word_to_id:
            print(f"{word} is not found")
            return
    of = {word: np.multiply(word_matrix[word_to_id[word]], 1.0) for word in (a, b, c)}  # floats: counts may be unsigned
    wanted = normalize(of[b] - of[a] + of[c])
    similarity = np.dot(word_matrix, wanted)  # (V, D) @ (D,) -> (V,)
    print(f"\n[analogy] {a}:{b} = {c}:?")
    if answer is not None:
        print(f"==>{answer}:{similarity[word_to_id[answer]]}")
    _print_first(similarity, id_to_word, [word_to_id[word] for word in (a, b, c)], top)


def _print_first(similarity, id_to_word, left_out, top):
    """Print the words of the largest similarities, without some (their ids) and without those that have none (nan)."""
    for i in nearest(similarity, top, left_out):
        print(f" {id_to_word[i]}: {similarity[i]}")


def eval_perplexity(model, corpus, batch_size=10, time_size=35):
    """exp of a language model's mean loss over a text, read at batch_size places at once, time_size words a step.

    corpus: (T,) ids; its end, where it fills no window, is left out. The state of the model's layers goes on from step
    to step; `reset_state` before it is the caller's. Nothing is dropped: `forward` gets train_flg=False where it takes
    that, and a BaseModel is in prediction mode meanwhile. Prints one line, and on stderr, in a terminal, a bar.
    ValueError for a text of no more than batch_size * time_size words. Book, chapter 6.
    """
    batch_size = as_number("eval_perplexity", "batch_size", batch_size, least=1, whole=True)
    time_size = as_number("eval_perplexity", "time_size", time_size, least=1, whole=True)
    words = as_ids("eval_perplexity", "corpus", corpus, ("T",), np.inf)
    steps, jump = (len(words) - 1) // (batch_size * time_size), (len(words) - 1) // batch_size
    if steps < 1:
        expected = f"a text of more than batch_size * time_size = {batch_size * time_size} words"
        raise ValueError(f"eval_perplexity: expected {expected}, got {len(words)}")
    print("evaluating perplexity ...")
    switch = {"train_flg": False} if "train_flg" in inspect.signature(model.forward).parameters else {}
    bar = Bar(steps, sys.stderr) if is_terminal(sys.stderr) else None
    total = 0.0
    predicting = model.predicting() if hasattr(model, "predicting") else contextlib.nullcontext()
    with predicting, np.errstate(over="ignore"):  # a perplexity may be infinite
        for i in range(steps):
            places = window_places(jump, batch_size, time_size, i * time_size)  # (N, T)
            total += float(model.forward(words[places], words[places + 1], **switch))
            if bar is not None:
                bar.step("perplexity", [f"{np.exp(total / (i + 1)):.1f}"])
        perplexity = float(np.exp(total / steps))
    if bar is not None:
        bar.close()
    return perplexity


def eval_seq2seq(model, question, correct, id_to_char, verbose=False, is_reverse=False):
    """1 if what the model generates for a question is the correct answer, else 0.

    question: (1, S) ids; correct: (1, T) ids, the first of which starts the answer: model.generate(question, start_id,
    T - 1) -> T - 1 ids, or (1, T - 1). id_to_char: the character of each id. verbose: print question (reversed again
    where is_reverse says that it was), answer and guess, with a mark. ValueError for an answer without a start. Book,
    chapter 7.
    """
    correct = np.asarray(correct).flatten()
    if len(correct) == 0:
        raise ValueError("eval_seq2seq: expected an answer that begins with its start id, got an empty one")
    guessed = model.generate(question, correct[0], len(correct) - 1)
    question, answer, guess = (
        "".join(id_to_char[int(i)] for i in ids) for ids in (np.ravel(question), correct[1:], np.ravel(guessed))
    )
    if verbose:
        print("Q", question[::-1] if is_reverse else question)
        print("T", answer)
        print(f"{_mark(guess == answer)} {guess}")
        print("---")
    return int(guess == answer)


def _mark(right):
    """A green tick or a red cross in a box; a letter where these cannot be shown."""
    sign, colour = ("\u2611", 92) if right else ("\u2612", 91)
    try:
        sign.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return "O" if right else "X"
    return f"\033[{colour}m{sign}\033[0m" if os.name != "nt" else "O" if right else "X"


def normalize(x):
    """x (N, D), every row scaled to length 1; x (D,), itself. A row of zeros stays."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length == 0, 1, length)
