"""A trained language model in one file: its parameters, the words of its vocabulary, and how to build it again."""

from ch_language.model import LanguageModel
from common.arrays.checks import as_number
from common.files.checkpoint import load_checkpoint, save_arrays


def save_model(path, model, words, perplexity=None):
    """Write a `LanguageModel`, the word of each id, and its perplexity of a validation text. OSError."""
    save_arrays(path, model.weights(), {"words": words, "settings": model.settings, "perplexity": perplexity})


def load_model(path):
    """-> LanguageModel, words (list of str), perplexity (float or None). CheckpointError for any other file."""
    models = []

    def build(content):
        models.append(_build(content["meta"], content["arrays"]))
        return models[0].weights()

    _, meta = load_checkpoint(path, build)
    return models[0], meta["words"], meta.get("perplexity")


def _build(meta, manifest):
    """The model that a file's meta describes, not larger than the arrays that are in the file. ValueError."""
    if type(meta) is not dict or type(meta.get("words")) is not list or type(meta.get("settings")) is not dict:
        raise ValueError("expected a language model, got another checkpoint")
    words, settings = meta["words"], meta["settings"]
    if not words or not all(type(word) is str for word in words):
        raise ValueError("expected a language model's words, got something else")
    D, H, layers = (
        as_number("LanguageModel", name, settings.get(name), least=1, whole=True)
        for name in ("wordvec_size", "hidden_size", "num_layers")
    )
    elements = sum(rows * columns for rows, columns in (e["shape"] for e in manifest if len(e["shape"]) == 2))
    if len(words) * D + layers * H * H > elements:
        raise ValueError(
            f"expected arrays for {len(words)} words, sizes {D} and {H}, {layers} layers, got smaller ones"
        )
    return LanguageModel(len(words), **settings)
