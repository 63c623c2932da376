"""What a training starts from: vectors and words of a pretraining, lower rates for lower layers; damaged files."""

import numpy as np
import pytest

from ch_sentiment.experiment.layer_rates import layer_rates
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.pretrained import KIND, STD, Pretrained, save_pretrained
from ch_sentiment.experiment.recipes import config_of
from ch_sentiment.experiment.run import check_config
from ch_sentiment.model import sentiment_net
from common.arrays.initializers import normal
from common.files.checkpoint import CheckpointError, save_arrays
from dataset.errors import DataError
from dataset.text import PAD, UNK, Vocab

OWN = Vocab(["film", "good", "bad"])
W = normal(5, 4, 1.0, 0)


@pytest.fixture
def vectors(tmp_path):
    save_pretrained(tmp_path / "model.npz", {"embed.W": W}, OWN, {"task": "skip-gram", "wordvec": 4}, [])
    return Pretrained.load(tmp_path)


def test_words_of_the_training_part_keep_their_ids_and_the_others_follow(vectors):
    united = vectors.united(Vocab(["good", "dull"]))
    assert united.words == ["good", "dull", "film", "bad"]


def test_each_word_gets_its_vector_and_an_unknown_one_a_random_one_of_like_size(vectors):
    vocab = vectors.united(Vocab(["good", *(f"new{i}" for i in range(3000))]))
    found = vectors.vectors(vocab, np.random.default_rng(0))
    scale = STD / W[UNK:].std()
    for word in OWN.words:
        np.testing.assert_allclose(found[vocab.word_to_id[word]], scale * W[OWN.word_to_id[word]], rtol=1e-5)
    np.testing.assert_allclose(found[[PAD, UNK]], scale * W[[PAD, UNK]], rtol=1e-5)
    new = found[[vocab.word_to_id[f"new{i}"] for i in range(3000)]]
    assert new.std() == pytest.approx(STD, rel=0.05) and abs(new.mean()) < 0.01


def test_layers_are_written_beside_the_rows_of_pairs_of_words():
    net = sentiment_net(5, 4, 3, "gru", pair_size=2, num_pairs=1, rng=0)
    before = {name: w.copy() for name, w in net.weights().items()}
    arrays = {name: np.full_like(before[name], 7) for name in ("layer0.Wx", "layer0.Wh", "layer0.b")}
    arrays["layer0.Wx"] = arrays["layer0.Wx"][:4]
    Pretrained("p", {}, OWN, {"embed.W": W, **arrays}).write_layers(net)
    after = net.weights()
    assert (after["layer0.Wx"][:4] == 7).all() and (after["layer0.Wh"] == 7).all() and (after["layer0.b"] == 7).all()
    assert np.array_equal(after["layer0.Wx"][4:], before["layer0.Wx"][4:])
    other = {name: w for name, w in before.items() if not name.startswith("layer0")}
    assert all(np.array_equal(after[name], w) for name, w in other.items())
    wrong = Pretrained("p", {}, OWN, {"embed.W": W, "layer0.Wh": W})
    with pytest.raises(DataError, match=r"--init-from p: expected a net with layer0.Wh \(5, 4\)"):
        wrong.write_layers(net)


@pytest.mark.parametrize(
    "meta",
    [
        {},
        None,
        {"kind": KIND},
        {"kind": KIND, "words": OWN.words, "net": {}},
        {"kind": KIND, "words": OWN.words[1:], "net": {"wordvec": 4}},
        {"kind": KIND, "words": OWN.words, "net": {"wordvec": 5}},
        {"kind": KIND, "words": [1, 2, 3], "net": {"wordvec": 4}},
        {"kind": KIND, "words": ["a", "a", "b"], "net": {"wordvec": 4}},
    ],
)
def test_a_file_that_does_not_fit_itself_is_refused(tmp_path, meta):
    save_arrays(tmp_path / "model.npz", {"embed.W": W}, meta)
    with pytest.raises(CheckpointError, match=r"model\.npz: "):
        Pretrained.load(tmp_path)


@pytest.mark.parametrize("arrays", [{"embed.W": W.astype("i1")}, {"embed.W": W, "layer0.Wh": W.astype("i2")}])
def test_a_file_whose_arrays_are_not_of_one_float_dtype_is_refused(tmp_path, arrays):
    save_pretrained(tmp_path / "model.npz", arrays, OWN, {"wordvec": 4}, [])
    with pytest.raises(CheckpointError, match="expected arrays of one dtype, <f4 or <f8, got "):
        Pretrained.load(tmp_path)


def test_rates_fall_from_the_head_to_the_word_vectors():
    net = sentiment_net(5, 4, 3, "gru", True, 2, "attention", pair_size=2, num_pairs=1, rng=0)
    rates = dict(zip(net.param_names, layer_rates(net, 0.5)))
    by_layer = {name.split(".")[0]: rate for name, rate in rates.items()}
    assert by_layer == {"embed": 0.125, "pair_embed": 0.125, "layer0": 0.25, "layer2": 0.5, "pool": 1, "head": 1}
    encoder = sentiment_net(5, 4, 4, "transformer", rng=0)
    by_part = {name.split(".")[0]: rate for name, rate in zip(encoder.param_names, layer_rates(encoder, 0.5))}
    assert by_part == {"embed": 0.25, "encoder": 0.5, "head": 1}


def test_a_recipe_whose_word_vectors_are_others_gives_way():
    assert config_of({"recipe": "best"}).model.embedding == "ppmi"
    config = config_of({"recipe": "best", "init_from": "p"})
    assert config.model.embedding is None
    check_config(config)
    with pytest.raises(DataError, match="--init-from: expected no --embedding beside it, got ppmi"):
        check_config(config_of({"recipe": "best", "init_from": "p", "embedding": "ppmi"}))


def test_frozen_vectors_may_be_those_of_a_pretraining():
    check_config(Config.of(freeze_embedding=True, init_from="p"))
    with pytest.raises(DataError, match="expected word vectors from --embedding or --init-from, got none"):
        check_config(Config.of(freeze_embedding=True))
