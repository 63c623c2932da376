"""Which of the texts without labels a training may see: none that it is scored on, and none whose label it knows."""

import numpy as np

from dataset.store.token_cache import tokenize_texts


def without_known(unlabelled, parts, config, cached=False, progress=False, mapped=map):
    """-> UnlabelledTexts without those of the labelled parts (training, validation and, where there is one, test:
    Parts), without a word, or with more than --drop-longer; and their TokenizedTexts. DataError where none is left.
    """
    known = {f"in the {name} part": part.texts for name, part in zip(("training", "validation", "test"), parts)}
    unlabelled = unlabelled.without(known)
    tokens = tokenize_texts(unlabelled.texts, config.model.cleaning, cached, progress, mapped)
    lengths, longest = tokens.lengths(), config.training.drop_longer
    unused = {"no word": lengths == 0}
    if longest is not None:
        unused[f"more than {longest} words"] = lengths > longest
    left_out = {reason: [unlabelled.numbers[i] for i in np.flatnonzero(of)] for reason, of in unused.items()}
    index = np.flatnonzero(~np.any(list(unused.values()), axis=0))
    return unlabelled.take(index.tolist(), {**unlabelled.left_out, **left_out}), tokens.take(index)
