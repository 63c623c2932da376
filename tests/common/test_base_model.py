"""A model's lists, its training switch, its files (ours and the book's), and the models that it holds."""

import builtins
import io
import os
import pickle

import numpy as np
import pytest

from common.base_model import BaseModel, layers_below
from common.files.checkpoint import CheckpointError, save_arrays
from common.layers import Affine, Dropout
from common.time_layers import TimeBidirectional, TimeDropout, TimeGRU


class TwoLayers(BaseModel):
    def __init__(self, seed=0, dtype=np.float32):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.collect(
            first=Affine(rng.standard_normal((3, 4)).astype(dtype), np.zeros(4, dtype)),
            drop=Dropout(0.5),
            second=Affine(rng.standard_normal((4, 2)).astype(dtype), np.ones(2, dtype)),
        )


class BookModel(BaseModel):
    """In the book's manner: no call of BaseModel.__init__, no collect, no names."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.params = [rng.standard_normal((2, 3)).astype("f"), np.zeros(3, "f")]
        self.grads = [np.zeros((2, 3), "f"), np.zeros(3, "f")]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def values(model):
    return [p.copy() for p in model.params]


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b))


def test_collect_lists_layers_params_grads_and_names_in_order():
    net = TwoLayers()
    assert [type(layer) for layer in net.layers] == [Affine, Dropout, Affine]
    assert net.param_names == ["first.W", "first.b", "second.W", "second.b"]
    assert all(a is b for a, b in zip(net.params, net.layers[0].params + net.layers[2].params))
    assert all(a is b for a, b in zip(net.grads, net.layers[0].grads + net.layers[2].grads))


def test_one_layer_twice_is_refused_by_name():
    layer = Dropout(0.5)
    with pytest.raises(ValueError, match="BaseModel: expected each layer once, got the same one as 'a' and 'c'"):
        BaseModel().collect(a=layer, b=Dropout(0.5), c=layer)


def test_a_layer_without_names_is_numbered():
    class Foreign:
        def __init__(self):
            self.params, self.grads = [np.ones(1), np.ones(2)], [np.zeros(1), np.zeros(2)]

    net = BaseModel()
    net.collect(odd=Foreign())
    assert net.param_names == ["odd.0", "odd.1"]


def test_train_switches_every_layer_that_knows_the_difference():
    net = TwoLayers()
    assert net.training is True
    for flag in (False, True):
        net.train(flag)
        assert net.training is flag and net.layers[1].train_flg is flag
    assert not hasattr(net.layers[0], "train_flg")
    BookModel().train(False)  # has no layers, and nothing to switch


def test_predicting_leaves_every_layer_as_it_was():
    net = TwoLayers()
    for training, drops in ((True, True), (True, False), (False, True), (False, False)):
        net.train(training)
        net.layers[1].train_flg = drops
        with net.predicting():
            assert not net.training and not net.layers[1].train_flg
        assert (net.training, net.layers[1].train_flg) == (training, drops)


# ---- models that hold models


class Encoder(BaseModel):
    """Holds a model, a layer that holds two, and weights that stay as they are."""

    def __init__(self, seed=0, dropout=0.5):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.table = rng.standard_normal((5, 3)).astype("f")
        self.frozen = {"table": self.table}
        halves = [TimeGRU(*TimeGRU.init_params(3, 2, rng)) for _ in range(2)]
        self.drop, self.rnn, self.inner = TimeDropout(dropout, rng), TimeBidirectional(*halves), TwoLayers(seed)
        self.collect(drop=self.drop, rnn=self.rnn, inner=self.inner)

    def forward(self, xs, mask=None):
        return self.rnn.forward(self.drop.forward(self.table[xs], mask), mask)  # (N, T) -> (N, T, D) -> (N, T, 2H)


class Outer(BaseModel):
    def __init__(self, seed=0, encoder=Encoder):
        super().__init__()
        self.collect(encoder=encoder(seed), head=Affine(np.ones((4, 2), "f"), np.zeros(2, "f")))


def test_collect_takes_in_a_model_with_all_that_it_holds_and_names_compose():
    net = Outer()
    encoder, head = net.layers
    assert net.param_names == [*(f"encoder.{name}" for name in encoder.param_names), "head.W", "head.b"]
    assert "encoder.rnn.forward.Wx" in net.param_names and "encoder.inner.second.b" in net.param_names
    assert all(a is b for a, b in zip(net.params, encoder.params + head.params, strict=True))
    assert all(a is b for a, b in zip(net.grads, encoder.grads + head.grads, strict=True))


def test_training_and_prediction_reach_every_layer_at_any_depth():
    net = Outer()
    encoder = net.layers[0]
    models, drops = (net, encoder, encoder.inner), (encoder.drop, encoder.inner.layers[1])
    recurrent = encoder.rnn, encoder.rnn.forward_layer, encoder.rnn.backward_layer
    for flag in (False, True):
        net.train(flag)
        assert [model.training for model in models] == [flag] * 3 and [d.train_flg for d in drops] == [flag] * 2
    xs = np.array([[1, 2, 3]])
    with net.predicting():
        assert not any(model.training for model in models) and not any(drop.train_flg for drop in drops)
        assert all(layer.inference for layer in recurrent)
        assert np.array_equal(encoder.forward(xs), encoder.forward(xs))
    assert all(model.training for model in models) and all(drop.train_flg for drop in drops)
    assert not any(layer.inference for layer in recurrent)
    assert not np.array_equal(encoder.forward(xs), encoder.forward(xs))


def test_predicting_restores_what_differed_at_any_depth_also_after_an_error():
    net = Outer()
    encoder = net.layers[0]
    encoder.inner.train(False)
    encoder.rnn.backward_layer.inference = True
    with pytest.raises(ZeroDivisionError), net.predicting():
        raise ZeroDivisionError
    assert (net.training, encoder.training, encoder.inner.training) == (True, True, False)
    assert (encoder.drop.train_flg, encoder.inner.layers[1].train_flg) == (True, False)
    assert (encoder.rnn.forward_layer.inference, encoder.rnn.backward_layer.inference) == (False, True)


def test_the_train_of_a_model_below_has_the_last_word_on_what_it_holds():
    class AlwaysPredicting(TwoLayers):
        def train(self, flag=True):
            super().train(False)

    net = BaseModel()
    net.collect(fixed=AlwaysPredicting(), free=TwoLayers())
    net.train(True)
    assert [model.layers[1].train_flg for model in net.layers] == [False, True]


def test_the_same_layer_twice_is_refused_at_any_depth():
    net = TwoLayers()
    with pytest.raises(ValueError, match=r"got the same one as 'a\.drop' and 'b'"):
        BaseModel().collect(a=net, b=net.layers[1])
    with pytest.raises(ValueError, match=r"got the same one as 'a' and 'b\.first'"):
        BaseModel().collect(a=net.layers[0], b=net)
    half, other = (TimeGRU(*TimeGRU.init_params(3, 2)) for _ in range(2))
    with pytest.raises(ValueError, match=r"got the same one as 'a' and 'b\.backward_layer'"):
        BaseModel().collect(a=half, b=TimeBidirectional(other, half))


def test_two_layers_with_the_same_weights_are_not_the_same_layer():
    W, b = np.ones((3, 3)), np.zeros(3)
    net = BaseModel()
    net.collect(a=Affine(W, b), b=Affine(W, b))
    assert net.params[0] is net.params[2] is W and net.grads[0] is not net.grads[2]


@pytest.mark.parametrize("listed", [True, False], ids=["with a list of layers", "without"])
def test_a_model_in_the_books_manner_can_be_held_too(listed):
    class Chapter:
        def __init__(self):
            first, self.drop = Affine(np.ones((2, 2)), np.zeros(2)), Dropout(0.5)
            self.parts = [first, Affine(np.ones((2, 2)), np.zeros(2))]
            if listed:
                self.layers = [first, self.drop, self.parts[1]]
            self.params = [p for layer in self.parts for p in layer.params]
            self.grads = [g for layer in self.parts for g in layer.grads]

        def forward(self, x):
            return self.parts[1].forward(self.drop.forward(self.parts[0].forward(x)))

    for chapter in (Chapter(), BookModel()):
        net = BaseModel()
        net.collect(old=chapter, new=Affine(np.ones((2, 2)), np.zeros(2)))
        count = len(chapter.params)
        assert net.param_names == [*(f"old.{i}" for i in range(count)), "new.W", "new.b"]
        assert all(a is b for a, b in zip(net.params, chapter.params))
        if isinstance(chapter, Chapter):
            with net.predicting():
                assert not chapter.drop.train_flg
            assert chapter.drop.train_flg


def test_a_layer_may_know_the_model_that_holds_it():
    net, layer = TwoLayers(), Dropout(0.5)
    layer.owner = net
    net.collect(drop=layer)
    net.train(False)
    assert not layer.train_flg


def test_the_file_of_a_model_of_models_holds_the_weights_that_the_inner_ones_froze(here):
    saved, net = Outer(1), Outer(2)
    assert list(saved.weights())[-1] == "encoder.table" and len(saved.weights()) == len(saved.params) + 1
    saved.save_params("net.npz")
    net.load_params("net.npz")
    assert same(list(net.weights().values()), list(saved.weights().values()))
    assert np.array_equal(net.layers[0].table, saved.layers[0].table)


# ---- files


@pytest.mark.parametrize("make", [TwoLayers, BookModel])
def test_default_file_is_named_after_the_class_and_loads_in_place(here, make):
    saved, net = make(seed=1), make(seed=2)
    saved.save_params()
    assert os.listdir(here) == [f"{make.__name__}.npz"]
    arrays = list(net.params)
    net.load_params()
    assert same(net.params, saved.params) and all(a is b for a, b in zip(net.params, arrays))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_are_saved_in_their_own_precision(here, dtype):
    net = TwoLayers(dtype=dtype)
    net.save_params("p.npz")
    with np.load("p.npz", allow_pickle=False) as file:
        assert file["first.W"].dtype == dtype and np.array_equal(file["first.W"], net.params[0])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_books_own_pickle_files_are_read(here, protocol):
    theirs = [p.astype(np.float16) for p in BookModel(seed=1).params]
    theirs[0] = np.asfortranarray(theirs[0])
    with open("BookModel.pkl", "wb") as file:
        pickle.dump(theirs, file, protocol=protocol)
    net = BookModel(seed=2)
    net.load_params()
    assert same(net.params, theirs) and net.params[0].dtype == np.float32
    net.params[0][...] = 0
    net.load_params("BookModel.pkl")
    assert same(net.params, theirs)


def test_pickles_of_other_numpys_are_read(here):
    for module in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        blob = pickle.dumps([np.ones((2, 3), np.float16), np.ones(3, np.float16)], protocol=2)
        ours = b"numpy._core.multiarray" if b"numpy._core.multiarray" in blob else b"numpy.core.multiarray"
        (here / "old.pkl").write_bytes(blob.replace(ours, module))
        net = BookModel()
        net.load_params("old.pkl")
        assert same(net.params, [np.ones((2, 3)), np.ones(3)])


@pytest.mark.parametrize("asked_for", [None, "BookModel.pkl", "../here/BookModel.pkl", "../here/BookModel.npz"])
@pytest.mark.parametrize("npz_age", [-5, 0, 5, None])
@pytest.mark.parametrize("pkl_is", ["a pickle", "saved under that name", "missing"])
def test_what_was_saved_last_is_loaded_and_said_where_another_file_was_asked_for(
    tmp_path, monkeypatch, capsys, asked_for, npz_age, pkl_is
):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    pkl, npz = here / "BookModel.pkl", here / "BookModel.npz"
    if pkl_is == "a pickle":
        pkl.write_bytes(pickle.dumps(BookModel(seed=1).params))
    elif pkl_is != "missing":
        BookModel(seed=1).save_params("BookModel.pkl")
    if npz_age is not None:
        BookModel(seed=2).save_params()
        os.utime(npz, (1000 - npz_age, 1000 - npz_age))
    if pkl.exists():
        os.utime(pkl, (1000, 1000))
    net = BookModel(seed=3)
    exact = asked_for is not None and asked_for.endswith(".npz")
    there = npz.exists() if exact else npz.exists() or pkl.exists()
    if not there:
        with pytest.raises(FileNotFoundError) as caught:
            net.load_params(asked_for)
        assert isinstance(caught.value, CheckpointError) and "BookModel" in str(caught.value)
        return
    net.load_params(asked_for)
    only = None if npz.exists() and pkl.exists() else npz if npz.exists() else pkl
    newer = npz if npz_age == -5 or (npz_age == 0 and asked_for is None) else pkl
    read = npz if exact else only or newer
    assert same(net.params, BookModel(seed=1 if read == pkl else 2).params)
    said = capsys.readouterr().err
    if exact or (asked_for is None and only) or only == pkl:
        assert said == ""
    elif only == npz:
        assert said == "load_params: reading {} (there is no {})\n".format(asked_for[:-4] + ".npz", asked_for)
    else:
        assert said.startswith("load_params: reading ") and said.count("\n") == 1
        assert f"{read.name} ({'newer' if npz_age else 'not older'} than " in said


class _Reduce:
    def __init__(self, function, *args):
        self.how = function, args

    def __reduce__(self):
        return self.how


class _InState:
    """Something evil deep inside the state of an array of objects."""

    def __reduce__(self):
        return np.array, ([_Reduce(os.mkdir, "hacked")],)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize(
    "evil",
    [
        _Reduce(os.system, "touch hacked"),
        _Reduce(builtins.eval, "__import__('os').mkdir('hacked')"),
        _Reduce(builtins.exec, "open('hacked', 'w')"),
        _Reduce(getattr, _Reduce(__import__, "os"), "getcwd"),
        _Reduce(os.mkdir, _Reduce(str, "hacked")),
        _Reduce(np.load, "hacked"),
        _Reduce(io.open, "hacked", "w"),
        _InState(),
    ],
    ids=["system", "eval", "exec", "getattr", "nested", "np.load", "open", "in_state"],
)
def test_a_pickle_that_calls_anything_is_refused_and_never_run(here, evil, protocol):
    good = [p.astype(np.float16) for p in BookModel().params]
    for content in ([evil, *good], [*good, evil], evil, {"a": [evil]}):
        with open("evil.pkl", "wb") as file:
            pickle.dump(content, file, protocol=protocol)
        net = BookModel(seed=3)
        before = values(net)
        with pytest.raises(CheckpointError, match=r"evil\.pkl: .* it asks for|evil\.pkl: .*\(it asks for"):
            net.load_params("evil.pkl")
        assert os.listdir(here) == ["evil.pkl"] and same(net.params, before)


@pytest.mark.parametrize(
    "content",
    [
        {"a": np.ones(3)},
        np.ones(3),
        [1.0, 2.0],
        ["text"],
        [np.array(["text"])],
        [np.array([None, [1]], dtype=object)],
        (np.ones((2, 3)), np.ones(3)),
        None,
    ],
    ids=["dict", "array", "floats", "str", "text_array", "objects", "tuple", "none"],
)
def test_a_pickle_of_anything_but_a_list_of_number_arrays_is_refused(here, content):
    with open("odd.pkl", "wb") as file:
        pickle.dump(content, file, protocol=4)
    with pytest.raises(CheckpointError, match=r"^odd\.pkl: expected"):
        BookModel().load_params("odd.pkl")


def test_damaged_empty_and_missing_files_are_a_checkpoint_error_that_names_them(here):
    with pytest.raises(CheckpointError, match=r"^BookModel\.npz: .*No such file"):
        BookModel().load_params()
    blob = pickle.dumps(BookModel().params, protocol=4)
    for end in (0, 1, 2, 10, len(blob) // 2, len(blob) - 1):
        (here / "cut.pkl").write_bytes(blob[:end])
        with pytest.raises(CheckpointError, match=r"^cut\.pkl: "):
            BookModel().load_params("cut.pkl")


@pytest.mark.parametrize("form", ["npz", "pkl"])
def test_wrong_shapes_are_a_checkpoint_error_and_no_parameter_changes(here, form):
    net = BookModel(seed=3)
    before = values(net)
    good = [p * 7 for p in net.params]
    for wrong in ([good[0], np.ones(4, "f")], [good[0].T, good[1]], [good[0]], [*good, good[1]], []):
        if form == "npz":
            save_arrays("w.npz", {str(i): a for i, a in enumerate(wrong)})
        else:
            with open("w.pkl", "wb") as file:
                pickle.dump(wrong, file)
        with pytest.raises(CheckpointError, match=rf"^w\.{form}: expected"):
            net.load_params(f"w.{form}")
        assert same(net.params, before)


def test_other_names_or_another_order_are_a_checkpoint_error(here):
    net = TwoLayers(seed=3)
    before = values(net)
    named = dict(zip(net.param_names, net.params))
    for wrong in (dict(reversed(named.items())), {name + "x": p for name, p in named.items()}):
        save_arrays("w.npz", wrong)
        with pytest.raises(CheckpointError, match=r"^w\.npz: expected the parameters .*first\.W"):
            net.load_params("w.npz")
        assert same(net.params, before)


@pytest.mark.parametrize(
    "held",
    [lambda d: [None, d], lambda d: (1, d), lambda d: [[d]], lambda d: {"a": [d]}, lambda d: {"a": {"b": (None, d)}}],
)
def test_layers_are_found_in_lists_tuples_and_dicts_of_any_depth(held):
    class Block:
        """A layer that holds its dropout somewhere."""

        def __init__(self):
            self.params, self.grads, self.dropout = [], [], Dropout(0.5, rng=0)
            self.held, self.dropout = held(self.dropout), None

        def forward(self, x):
            return x

    block = Block()
    (dropout,) = [layer for _, layer in layers_below(block)]
    model = BaseModel()
    model.collect(block=block)
    with model.predicting():
        assert dropout.train_flg is False
    assert dropout.train_flg is True
