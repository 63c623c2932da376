"""What a model's file says beside its arrays: whether vocabulary, labels and settings fit its network."""

from ch_sentiment.experiment.packing import DTYPES
from common.checking.calibration import HIGHEST, LOWEST
from dataset.text import KEEPS, PAD, UNK


def check_meta(meta):
    """ValueError, KeyError or TypeError where vocabulary, labels and settings do not fit the network."""
    config, label_names = meta["net"], meta["label_names"]
    if len(meta["words"]) + len((PAD, UNK)) != config["vocab_size"]:
        raise ValueError(f"expected a vocabulary of {config['vocab_size']} ids, got {len(meta['words'])} words")
    if type(label_names) is not list or not all(type(name) is str for name in label_names):
        raise ValueError(f"expected a list of label names, got {label_names!r}")
    if len(label_names) != config["num_classes"] or len(set(label_names)) != len(label_names):
        raise ValueError(f"expected {config['num_classes']} different label names, got {label_names}")
    if type(meta["max_len"]) is not int or meta["max_len"] < 1:
        raise ValueError(f"expected max_len >= 1, got {meta['max_len']!r}")
    if meta["keep"] not in KEEPS:
        raise ValueError(f"expected keep to be one of {', '.join(KEEPS)}, got {meta['keep']!r}")
    if type(meta["metrics"]) is not dict:
        raise ValueError(f"expected metrics by name, got {meta['metrics']!r}")
    below = meta.get("abstain_below")  # optional: version 0.1.0 did not write it
    if below is not None and not (type(below) is float and 0 <= below <= 1):
        raise ValueError(f"expected abstain_below to be null or a float from 0 to 1, got {below!r}")
    if "packed" in meta and meta["packed"] not in DTYPES:
        raise ValueError(f"expected packed to be one of {', '.join(DTYPES)}, got {meta['packed']!r}")
    match meta["calibration"]:
        case None:
            pass
        case {"temperature": float(temperature), **more} if LOWEST <= temperature <= HIGHEST and not more:
            pass
        case other:
            expected = f"null or one temperature from {LOWEST:g} to {HIGHEST:g}"
            raise ValueError(f"expected calibration to be {expected}, got {other!r}")
