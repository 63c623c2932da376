"""Beam search: the most probable whole answers, not the most probable next id at each step. Book, chapter 7.

Greedy search (`Seq2seq.generate`) is the beam of width 1.
"""

import numpy as np

from common.arrays.checks import as_number
from common.functions import log_softmax


def beam_search(model, xs, start_id, sample_size, beam_width=5, end_id=None, length_power=0.0):
    """The best answers to each question: xs (N, S) ids -> ids (N, K, sample_size), log probabilities (N, K).

    model: Seq2seq. The K answers to a question stand in order, the best first. At every step the `beam_width` best
    beginnings are kept, so K is `beam_width`, or the number of all answers where that is less. end_id: the id that ends
    an answer, and then fills it up; None: all are of full length. length_power: answers are ranked by log probability /
    length ** length_power, their length up to the first end_id; 0: by the probability alone, which favours short ones.
    ValueError for arguments out of their range.
    """
    sample_size = as_number("beam_search", "sample_size", sample_size, least=1, whole=True)
    beam_width = as_number("beam_search", "beam_width", beam_width, least=1, whole=True)
    length_power = as_number("beam_search", "length_power", length_power, least=0)
    start_id = as_number("beam_search", "start_id", start_id, least=0, whole=True)
    end_id = None if end_id is None else as_number("beam_search", "end_id", end_id, least=0, whole=True)
    with model.predicting():
        questions = encoded = model.encode(xs)
        N, K = len(encoded.hs), 1
        answers, log_p = np.empty((N, 1, 0), np.int64), np.zeros((N, 1))
        lengths, ended = np.zeros((N, 1), np.int64), np.zeros((N, 1), bool)
        ids, states = np.full(N, start_id), None
        for _ in range(sample_size):
            scores = model.decoder.forward(ids[:, None], encoded, states)[:, 0]  # (N K, 1) -> (N K, V)
            V = scores.shape[1]
            step = log_softmax(scores.astype(np.float64)).reshape(N, K, V)  # (N K, V) -> (N, K, V)
            if end_id is not None:
                step[ended] = np.where(np.arange(V) == end_id, 0, -np.inf)  # nothing but its filling follows an end
            total = log_p[:, :, None] + step  # (N, K, 1) + (N, K, V) -> (N, K, V)
            longer = lengths + ~ended
            ranked = total / longer[:, :, None] ** length_power
            best = np.argsort(-ranked.reshape(N, K * V), axis=1, kind="stable")[:, :beam_width]  # -> (N, K')
            row, ids, which = best // V, best % V, np.arange(N)[:, None]  # row: the beginning that is continued

            answers = np.concatenate((answers[which, row], ids[:, :, None]), axis=2)  # -> (N, K', t + 1)
            log_p, lengths = total[which, row, ids], longer[which, row]
            ended = ended[which, row] | (ids == end_id if end_id is not None else False)
            flat = (which * K + row).reshape(-1)  # (N, K') -> the rows of (N K)
            states = [tuple(state[flat] for state in of_layer) for of_layer in model.decoder.states]
            K, ids = ids.shape[1], ids.reshape(-1)  # (N, K') -> (N K',)
            if len(encoded.hs) != len(ids):  # the beam grows up to its width
                encoded = questions.rows(np.repeat(np.arange(N), K))
    return answers, log_p
