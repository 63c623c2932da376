"""The integrated gradients of a net by the vectors of a text's words (docs/explain.md)."""

import numpy as np

from common.base_model import mode_restored
from common.checking.integrated_gradients import Path, integrated_gradients


def path_of_words(net, ids, weight, **accuracy):
    """-> Path of the integrated gradients of a margin, from zero vectors to those of the words.

    ids: (T,). weight: (C,), adding up to 0: the margin is the sum over the classes of weight * score.
    """
    with mode_restored(net):
        net.train(False)
        vectors, mask = net.vectors(ids[None])  # (1, T, D), (1, T)

        def along(shares):
            S = len(shares)
            points = shares.astype(vectors.dtype)[:, None, None] * vectors  # (S, 1, 1) * (1, T, D)
            scores = net.score(points, np.repeat(mask, S, axis=0))  # (S,) or (S, C)
            # the logit of class 1 is the log odds: weight[1] * log(p[1] / p[0]), as weight[0] = -weight[1]
            w = (weight[1:] if scores.ndim == 1 else weight).astype(vectors.dtype)  # (1,) or (C,)
            margins = scores.reshape(S, len(w)) @ w  # (S, C) @ (C,) -> (S,)
            with np.errstate(over="ignore", invalid="ignore"):  # Path handles gradients that are not finite
                gradient = net.score_backward(np.tile(w, (S, 1)).reshape(scores.shape))
                return Path(shares, margins, (vectors * gradient).sum(axis=2))  # (S, T, D) -> (S, T)

        if hasattr(net, "along_both"):
            w = weight[1:] if len(net.head.params[1]) == 1 else weight  # (1,) or (C,)
            along = net.along_both(along, ids, w)
        return integrated_gradients(along, **accuracy)
