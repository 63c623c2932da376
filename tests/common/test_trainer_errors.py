"""What cannot be trained is refused in a sentence, before anything happens."""

import signal

import numpy as np
import pytest
from nets_to_train import BookNet, Scripted, TwoLayerNet, points, quiet

from common.base_model import BaseModel
from common.layers import Affine, Sigmoid, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.trainer import Trainer, evaluate
from common.training.callbacks import Callback, EarlyStopping, EpochTable, LearningRate


@pytest.fixture
def data():
    return points()


@pytest.mark.parametrize(
    ("x", "t", "how"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), {}),
        (np.zeros((0, 2)), np.zeros(0, int), {}),
        ([], [], {}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": 0}),
        (np.zeros((3, 2)), np.zeros(3, int), {"batch_size": -1}),
        (np.zeros((3, 2)), np.zeros(3, int), {"max_epoch": -1}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((2, 2)), np.zeros(3, int))}),
        pytest.param(np.zeros((3, 2)), np.zeros(3, int), {"validation": (np.zeros((0, 2)), np.zeros(0, int))}),
    ],
)
def test_arguments_that_cannot_be_are_a_value_error_before_anything_happens(x, t, how):
    model = Scripted(lambda call: 1.0)
    with pytest.raises(ValueError, match=r"Trainer\.fit: expected"):
        quiet(model).fit(x, t, **how)
    assert model.call == 0


def test_no_epochs_are_an_empty_history(data):
    assert quiet(TwoLayerNet()).fit(*data, 0) == []


def test_evaluate_is_the_mean_over_all_examples_whatever_the_batch_size(data):
    x, t = data
    net = TwoLayerNet()
    wanted = net.forward(x, t)
    for batch_size in (1, 5, 22, 100):
        got = evaluate(net, x, t, batch_size)
        assert got["loss"] == pytest.approx(wanted, rel=1e-12)
        assert (
            got["accuracy"]
            == (net.chain[2].forward(net.chain[1].forward(net.chain[0].forward(x))).argmax(1) == t).mean()
        )
    assert evaluate(BookNet(), x, t)["accuracy"] is None


# ---- what a Trainer is made of


class Plain:
    """A model in which only what a test says is wrong."""

    def __init__(self, loss=1.0):
        self.params, self.grads, self.loss = [np.zeros(2)], [np.zeros(2)], loss

    def forward(self, x, t):
        return self.loss

    def backward(self):
        pass


def without(name):
    class Without:
        pass

    for part in {"params", "grads", "forward", "backward"} - {name}:
        setattr(Without, part, [] if part in ("params", "grads") else lambda *a: 1.0)
    return Without()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Trainer(SGD(), Plain()), "a model .*, then an optimizer, got SGD and Plain: the other way round"),
        (lambda: Trainer(Plain, SGD()), r"got the class Plain: Plain\(\.\.\.\) makes one"),
        (lambda: Trainer(None, SGD()), "got None without params, grads, forward, backward"),
        *(
            (lambda name=name: Trainer(without(name), SGD()), f"a model .* got Without without {name}")
            for name in ("params", "grads", "forward", "backward")
        ),
        (lambda: Trainer(Plain(), SGD), r"an optimizer .* got the class SGD: SGD\(\) makes one"),
        (lambda: Trainer(Plain(), "adam"), "an optimizer .* got the str 'adam' without update and lr"),
        (lambda: Trainer(Plain(), None), "an optimizer .* got None without update and lr"),
        (lambda: Trainer(Plain(), 0.01), "an optimizer .* got 0.01 without update and lr"),
        (lambda: quiet(Plain(), None, lambda trainer: None), "got the function <lambda> in it: a child of Callback"),
        (lambda: quiet(Plain(), None, print), "got the function print in it"),
        (lambda: quiet(Plain(), None, EarlyStopping), r"got the class EarlyStopping: EarlyStopping\(\) makes one"),
        (lambda: quiet(Plain(), None, None), "got None in it"),
        (lambda: quiet(Plain(), None, Plain()), "got Plain in it"),
        (lambda: Trainer(Plain(), SGD(), EarlyStopping()), r"got one EarlyStopping: callbacks=\[\.\.\.\]"),
        (lambda: Trainer(Plain(), SGD(), print), "callbacks to be a list .* got the function print"),
        (lambda: Trainer(Plain(), SGD(), {"a": 1}), "callbacks to be a list .* got dict of 1"),
        (lambda: Trainer(Plain(), SGD(), "early"), "callbacks to be a list .* got the str 'early'"),
        (lambda: Trainer(Plain(), SGD(), [], "0"), "a seed .* as rng, got the str '0'"),
    ],
)
def test_each_part_in_anothers_place_is_named_with_what_was_expected(make, message):
    with pytest.raises(ValueError, match=f"Trainer: expected .*{message}"):
        make()


def test_a_callback_that_is_added_later_is_looked_at_too_and_before_anything_is_changed(data):
    trainer = quiet(TwoLayerNet(), None, EarlyStopping())
    before = signal.getsignal(signal.SIGINT)
    trainer.callbacks.append(EpochTable)
    with pytest.raises(ValueError, match="got the class EpochTable"):
        trainer.fit(*data)
    assert trainer.step == 0 and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("loss", "came"),
    [
        (np.ones(3), r"float64 of shape \(3,\)"),
        (np.ones(1), r"float64 of shape \(1,\)"),
        (None, "None"),
        ((1.0, 2.0), "tuple of 2"),
        ("1.0", "the str '1.0'"),
        (1j, "1j"),
    ],
)
def test_a_forward_that_returns_no_number_is_named_with_what_it_returned(data, loss, came):
    message = rf"expected Plain.forward\(x, t\) to return a number, the mean loss, got {came}"
    with pytest.raises(ValueError, match=message):
        quiet(Plain(loss)).fit(*data)
    with pytest.raises(ValueError, match=message):
        evaluate(Plain(loss), *data)


@pytest.mark.parametrize("loss", [np.float32(1), np.array(1.0), 1])
def test_a_loss_may_be_a_number_of_any_kind(data, loss):
    assert type(quiet(Plain(loss)).fit(*data, 1)[0]["loss"]) is float


@pytest.mark.parametrize("parts", [["params"], ["grads"], ["params", "grads"]])
def test_a_layer_without_its_lists_is_refused_where_it_is_collected(parts):
    class Relu:
        def forward(self, x):
            return x

        def backward(self, dout):
            return dout

    layer = Relu()
    for part in {"params", "grads"} - set(parts):
        setattr(layer, part, [])
    for make in (lambda: BaseModel().collect(relu=layer), lambda: Sequential(layer)):
        with pytest.raises(ValueError, match=rf"expected a layer .* got Relu without {' and '.join(parts)} \(a layer"):
            make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential([Sigmoid(), Sigmoid()]), r"layers one by one, Sequential\(\*layers\), got a list of 2"),
        (lambda: Sequential(Sigmoid), r"as layer 0, got the class Sigmoid: Sigmoid\(\.\.\.\) makes one"),
        (lambda: Sequential(Sigmoid(), np.tanh), "as layer 1, got "),
        (lambda: Sequential(Sigmoid(), SoftmaxWithLoss()), r"as layer 1 \(a loss: loss=SoftmaxWithLoss"),
        (lambda: Sequential(Sigmoid(), loss=SoftmaxWithLoss), "as loss=, got the class SoftmaxWithLoss"),
        (lambda: Sequential(Sigmoid(), loss="mse"), "as loss=, got the str 'mse'"),
        (lambda: Sequential(Sigmoid(), without("backward")), "as layer 1, got Without without backward"),
        (lambda: Sequential(Sigmoid(), loss=without("backward")), "as loss=, got Without without backward"),
    ],
)
def test_what_is_no_layer_is_refused_by_its_place(make, message):
    with pytest.raises(ValueError, match=f"Sequential: expected .*{message}"):
        make()


@pytest.mark.parametrize(
    ("params", "came"), [(None, "None"), ({"W": np.ones(2)}, "dict of 1"), (np.ones(2), "float64")]
)
def test_params_that_are_no_list_are_refused_by_a_model_and_by_a_trainer(params, came):
    layer = Plain()
    layer.params = params
    with pytest.raises(ValueError, match=f"first: expected params to be a list of arrays, got {came}.* of Plain"):
        BaseModel().collect(first=layer)
    with pytest.raises(ValueError, match=f"Trainer: expected params of Plain to be a list, got {came}"):
        quiet(layer)


@pytest.mark.parametrize("param", [np.ones(2, int), [1.0, 2.0], 1.0])
def test_a_param_that_cannot_be_trained_is_refused_by_its_name(param):
    model = Plain()
    model.params = [param]
    with pytest.raises(ValueError, match=r"Trainer: expected an array of floats as params\[0\] of Plain, got "):
        quiet(model)


@pytest.mark.parametrize(
    ("grads", "came"),
    [
        ([None], r"a gradient of shape \(2,\) of params\[0\] of Plain, got None"),
        ([np.ones(3)], r"a gradient of shape \(2,\) of params\[0\] of Plain, got float64 of shape \(3,\)"),
        ([], "a gradient for each of 1 params of Plain, got 0 grads"),
    ],
)
def test_what_backward_leaves_is_looked_at_before_a_step_is_made(data, grads, came):
    model = Plain()
    model.backward = lambda: setattr(model, "grads", grads)
    with pytest.raises(ValueError, match=f"Trainer: expected .*{came}"):
        quiet(model).fit(*data, 1)
    assert not model.params[0].any()


def test_a_layer_with_grads_of_other_shapes_is_refused():
    layer = Affine(np.ones((2, 3)), np.ones(3))
    layer.grads = layer.grads[::-1]
    with pytest.raises(ValueError, match=r"first: expected grads of the shapes of the params, .* of Affine"):
        BaseModel().collect(first=layer)


def test_a_model_that_writes_no_forward_or_backward_says_so(data):
    for name in ("forward", "backward"):
        with pytest.raises(NotImplementedError, match=rf"BaseModel: expected a method {name}\("):
            getattr(BaseModel(), name)()


# ---- examples


IDS = [np.array([1, 2]), np.array([3])]


@pytest.mark.parametrize(
    ("x", "came"),
    [
        ("text", "got the str 'text'"),
        (b"text", "got the bytes"),
        (None, "got None"),
        (3, "got 3"),
        ({1, 2}, "got set of 2"),
        ((ids for ids in IDS), "got generator"),
        (["a b", "c"], r"got the str 'a b' at index 0 \(words have ids in a vocabulary: Vocab.encode\)"),
        ([["a", "b"], ["c"]], r"got list of 2 at index 0 \(words have ids"),
        ([IDS[0], None], "got None at index 1"),
        ([1, 2], r"got 1 at index 0 \(a single input of numbers is an array: np.array\(x\)\)"),
        ([[0.5, 1.0], [1.0, 2.0]], "got list of 2 at index 0"),
        (np.array(["a", "b"]), r"got <U1 of shape \(2,\)"),
        (np.array([None, None]), "got None at index 0"),
        (np.array(3), "got "),
    ],
)
def test_inputs_that_are_none_are_refused_by_their_place(x, came):
    for use, name in ((quiet(Plain()).fit, "Trainer.fit"), (lambda x, t: evaluate(Plain(), x, t), "evaluate")):
        with pytest.raises(ValueError, match=f"{name}: expected x.*{came}"):
            use(x, [0, 1])


@pytest.mark.parametrize(
    ("t", "came"),
    [
        ("ab", "got the str 'ab'"),
        (None, "got None"),
        ({"a": 1, "b": 2}, "got dict of 2"),
        (["pos", "neg"], r"got the str 'pos' at index 0; np.unique\(labels, return_inverse=True\) gives names and ids"),
        (np.array(["pos", "neg"]), "got the str 'pos' at index 0; np.unique"),
        ([0, "neg"], "got the str 'neg' at index 1"),
        ([0, None], "got None at index 1"),
        ([0, np.nan], "got nan at index 1"),
        (np.array([0, None]), "got None at index 1"),
        ([["a"], ["b", "c"]], "got list of 1 at index 0"),
    ],
)
def test_labels_that_are_no_numbers_are_refused_by_their_place(t, came):
    for use, name in ((quiet(Plain()).fit, "Trainer.fit"), (lambda x, t: evaluate(Plain(), x, t), "evaluate")):
        with pytest.raises(ValueError, match=f"{name}: expected t to be class ids or other numbers.*{came}"):
            use(IDS, t)


@pytest.mark.parametrize("t", [np.array([0, 1], object), [np.int8(0), True], (0, 1)])
def test_labels_of_any_kind_of_number_are_labels(t):
    model = Scripted(lambda call: 1.0)
    quiet(model).fit(IDS, t, 1)
    assert sorted(model.seen[0][1].tolist()) == [0, 1]


@pytest.mark.parametrize("x", [[[1, 2], [3]], np.array([[1, 2], [3]], object), [(1, 2), range(3, 4)]])
def test_texts_may_be_lists_of_ids_or_stand_in_an_array_of_objects(x):
    model = Scripted(lambda call: 1.0)
    quiet(model).fit(x, [0, 1], 1)
    assert sorted(model.seen[0][0].tolist()) == [[1, 2], [3, 0]]


@pytest.mark.parametrize(
    ("validation", "came"),
    [
        (0.1, "got 0.1"),
        ("ab", "got the str 'ab'"),
        (IDS, "expected as many|expected x"),
        ((IDS, [0, 1], None, None), "got tuple of 4"),
        ((IDS,), "got tuple of 1"),
        ({"x": IDS, "t": [0, 1]}, "got dict of 2"),
        (np.zeros((2, 2)), "got float64 of shape"),
        ((IDS, [0, 1], IDS), "expected a finite sample_weight of validation"),
        (([0, 1], IDS), "expected x of validation"),
        ((IDS, ["a", "b"]), "expected t of validation .* got the str 'a'"),
    ],
)
def test_validation_that_is_something_else_is_refused(validation, came):
    trainer = quiet(Plain())
    with pytest.raises(ValueError, match=f"Trainer.fit: .*({came})"):
        trainer.fit(IDS, [0, 1], validation=validation)
    assert trainer.step == 0


# ---- one error never hides another


class Fails(Callback):
    """Fails at one moment, and again in on_fit_end."""

    def __init__(self, moment):
        def fail(trainer):
            raise ZeroDivisionError(moment)

        setattr(self, moment, fail)

    def on_fit_end(self, trainer):
        raise OSError("then this")


@pytest.mark.parametrize("moment", ["on_fit_start", "on_epoch_start", "on_step_start", "on_step_end", "on_epoch_end"])
def test_the_first_error_is_the_one_that_is_raised_and_a_later_one_its_note(data, moment):
    rate = LearningRate(lambda progress: 0.5)
    trainer = quiet(TwoLayerNet(), SGD(0.25), rate, Fails(moment), Callback())
    with pytest.raises(ZeroDivisionError, match=moment) as caught:
        trainer.fit(*data, 1, 5)
    assert caught.value.__notes__ == ["then Fails.on_fit_end: OSError('then this')"]
    assert trainer.optimizer.lr == 0.25


def test_a_callback_whose_start_failed_restores_nothing_that_it_did_not_take(data):
    optimizer = SGD(0.5)
    vars(optimizer)["lr"] = "fast"  # around the check
    trainer = quiet(TwoLayerNet(), optimizer, LearningRate(lambda progress: 0.5))
    with pytest.raises(ValueError, match=r"LearningRate: expected a number for optimizer\.lr") as caught:
        trainer.fit(*data, 1, 5)
    assert not hasattr(caught.value, "__notes__") and optimizer.lr == "fast"
