"""n-grams in ONNX: their keys are searched for in the sorted ones by halving, as ONNX has no `searchsorted`."""

import numpy as np

from dataset.text import PAD


def pair_vectors(graph, layer, ids):
    """(N, T) ids -> (N, T, D2), as `common.pair_embedding`: row 0 is that of all unknown pairs."""
    (keys,) = _ngram_keys(graph, ids, layer.vocab_size, 2)
    place, known = find(graph, layer.pairs, keys)
    rows = graph.op("Where", known, graph.op("Add", place, np.array(1)), np.array(0))
    return graph.rows(layer.params[0], rows)


def distinct_features(graph, layer, ids):
    """(N, T) ids -> (N, n T) features, each once, with PAD wherever there is none, as `baselines.nbsvm`."""
    runs = [ids]
    for keys in _ngram_keys(graph, ids, layer.vocab_size, layer.ngrams):
        place, known = find(graph, layer.keys, keys)
        runs.append(graph.op("Where", known, graph.op("Add", place, np.array(layer.vocab_size)), np.array(PAD)))
    features = graph.op("Concat", *runs, axis=1)  # n of (N, T) -> (N, n T)
    count = graph.op("Slice", graph.op("Shape", features), np.array([1]), np.array([2]))
    features, _ = graph.op("TopK", features, count, outputs=2, axis=1)  # sorted, so that equal ones are neighbours
    again = graph.op("Equal", features, graph.before(features))
    return graph.op("Where", again, np.array(PAD), features)


def scaled_sum(graph, layer, features):
    """(N, K) features -> (N, C): the sum of r[f] W[f], + b."""
    W, b = layer.params
    added = graph.rows(W * layer.r, features)  # (N, K, C)
    return graph.op("Add", graph.op("ReduceSum", added, np.array([1]), keepdims=0), graph.weight(b))


def _ngram_keys(graph, ids, vocab_size, n):
    """(N, T) ids -> n - 1 of (N, T) int64, at each word the key of the run of 2, of 3, ... of n words that ends there.

    Before the first word stands 0. So a run that begins there has the key of a shorter one, or of one word, which is
    no key; and no known key ends with a 0, the padding.
    """
    keys, before, found = ids, ids, []
    for size in range(2, n + 1):
        before = graph.before(before)
        keys = graph.op("Add", keys, graph.op("Mul", before, np.array(vocab_size ** (size - 1))))
        found.append(keys)
    return found


def find(graph, known, keys):
    """Where keys (N, T) stand in `known` (P,), sorted, and whether they are there: int64 and bool, (N, T).

    The last place whose key is not above, in as many halvings as P has digits.
    """
    if len(known) == 0:
        known = np.array([-1])  # equal to no key
    table = graph.constant(known)
    place, left = graph.op("Mul", keys, np.array(0)), len(known)
    while left > 1:
        half = left // 2
        probe = graph.op("Add", place, np.array(half))
        reached = graph.op("LessOrEqual", graph.op("Gather", table, probe), keys)
        step = graph.op("Mul", graph.cast(reached, np.int64), np.array(half))  # Where would take twice the time
        place, left = graph.op("Add", place, step), left - half
    return place, graph.op("Equal", graph.op("Gather", table, place), keys)
