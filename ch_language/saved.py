"""A trained language model in one file: its parameters, and how to build it again, vocabulary included."""

from ch_language.model import LanguageModel
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays


def save_model(path, model, words, **settings):
    """Write the parameters, the word of each id, and the settings: the arguments of `LanguageModel` but vocab_size."""
    save_arrays(path, model.weights(), {"words": list(words), "settings": settings})


def load_model(path):
    """-> LanguageModel, words (list of str). Raises CheckpointError where `save_model` did not write this file."""
    arrays, meta = load_checkpoint(path)
    try:
        words, settings = meta["words"], meta["settings"]
        model = LanguageModel(len(words), **settings)
        own = model.weights()
        if [(n, w.shape, w.dtype) for n, w in own.items()] != [(n, a.shape, a.dtype) for n, a in arrays.items()]:
            raise ValueError(f"expected the parameters {list(own)}, got others")
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: expected a language model, got another file ({error})") from None
    for name, w in own.items():
        w[...] = arrays[name]
    return model, words
