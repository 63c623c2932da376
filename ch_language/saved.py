"""A trained language model in one file: its parameters, the words of its vocabulary, and how to build it again."""

from ch_language.model import LanguageModel
from common.arrays.checks import as_flag, as_number
from common.arrays.unfilled import ShapesOnly, Unfilled, unfilled
from common.files.checkpoint import check_fit, load_checkpoint, save_arrays


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
    """The model that a file's meta describes, unfilled. ValueError where its names, shapes and dtypes are not those of
    the file, before memory is taken for it.
    """
    if type(meta) is not dict or type(meta.get("words")) is not list or type(meta.get("settings")) is not dict:
        raise ValueError("expected a language model, got another checkpoint")
    words, settings = meta["words"], meta["settings"]
    if not words or not all(type(word) is str for word in words):
        raise ValueError("expected a language model's words, got something else")
    unknown = sorted(set(settings) - {"wordvec_size", "hidden_size", "cell", "num_layers", "dropout", "tied"})
    if unknown or type(settings.get("cell")) is not str:
        raise ValueError(f"expected the settings of a language model, got {settings!a}")
    as_flag("LanguageModel", "tied", settings.get("tied"))
    layers = as_number("LanguageModel", "num_layers", settings.get("num_layers"), least=1, whole=True)
    if 3 * layers > len(manifest):
        raise ValueError(f"expected arrays for {layers} layers, got {len(manifest)} arrays")
    dtype = manifest[0]["dtype"]
    blank = LanguageModel(len(words), **settings, rng=unfilled(ShapesOnly), dtype=dtype)
    check_fit(manifest, blank.weights())
    return LanguageModel(len(words), **settings, rng=unfilled(Unfilled, None), dtype=dtype)
