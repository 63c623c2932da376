"""What the book's chapters and its readers ask for by name: star imports, and attributes."""

import numpy as np
import pytest

from common import config
from common.optimizer import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
from common.time_layers import TimeBiLSTM
from common.trainer import RnnlmTrainer, Trainer

# What `from common.X import *` brings in the book, but for the standard library's own modules.
LAYERS = "Affine Dropout Embedding GPU MatMul Sigmoid SigmoidWithLoss Softmax SoftmaxWithLoss cross_entropy_error np"
TIME = "GRU LSTM RNN TimeAffine TimeBiLSTM TimeDropout TimeEmbedding TimeGRU TimeLSTM TimeRNN TimeSigmoidWithLoss"
COUNTS = "convert_one_hot cos_similarity create_co_matrix create_contexts_target ppmi preprocess"
NAMES = {
    "base_model": "BaseModel GPU np to_cpu to_gpu",
    "config": "GPU",
    "functions": "GPU cross_entropy_error np relu sigmoid softmax",
    "layers": f"{LAYERS} softmax",
    "np": "GPU np",
    "optimizer": "AdaGrad Adam GPU Momentum Nesterov RMSprop SGD np",
    "time_layers": f"{LAYERS} {TIME} Simple_TimeAffine Simple_TimeSoftmaxWithLoss TimeSoftmaxWithLoss sigmoid softmax",
    "trainer": "GPU RnnlmTrainer Trainer clip_grads np remove_duplicate",
    "util": f"{COUNTS} GPU analogy clip_grads eval_perplexity eval_seq2seq most_similar normalize np to_cpu to_gpu",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_star_import_brings_what_it_brings_in_the_book(module):
    names = {}
    exec(f"from common.{module} import *", names)  # noqa: S102  (what a reader's script does)
    assert not set(NAMES[module].split()) - set(names)
    assert names.get("np", np) is np and names.get("GPU", False) is config.GPU is False


@pytest.mark.parametrize("kind", [SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam], ids=lambda kind: kind.__name__)
def test_an_optimizers_state_has_the_books_names(kind):
    optimizer, slots = kind(), {"Adam": "mv", "AdaGrad": "h", "RMSprop": "h", "SGD": ""}.get(kind.__name__, "v")
    params, grads = [np.ones((2, 3)), np.ones(3)], [np.ones((2, 3)), np.full(3, 2.0)]
    assert all(getattr(optimizer, name) is None for name in slots)
    optimizer.update(params, grads)
    for name in slots:
        state = getattr(optimizer, name)
        assert isinstance(state, list) and [a.shape for a in state] == [(2, 3), (3,)] and all(a.all() for a in state)
    for name in {"m", "v", "h"} - set(slots):
        with pytest.raises(AttributeError, match=f"{kind.__name__}.* has no attribute '{name}'"):
            getattr(optimizer, name)


def test_the_two_directions_have_the_books_names():
    weights = [np.ones(shape) for shape in ((3, 8), (2, 8), (8,))]
    layer = TimeBiLSTM(*weights, *weights)
    assert layer.forward_lstm is layer.forward_layer and layer.backward_lstm is layer.backward_layer
    assert layer.forward_lstm.params[0] is weights[0]


@pytest.mark.parametrize("kind", [Trainer, RnnlmTrainer])
def test_the_current_epoch_is_the_number_of_those_that_are_finished(kind):
    class Mean:
        def __init__(self):
            self.params, self.grads = [np.zeros(1)], [np.ones(1)]

        def forward(self, x, t):
            seen.append(trainer.current_epoch)
            return 1.0

        def backward(self):
            pass

    seen, trainer = [], kind(Mean(), SGD())
    assert trainer.current_epoch == 0 and trainer.eval_interval is None
    trainer.fit(np.arange(4), np.arange(4), 2, 1, *[2] * (kind is RnnlmTrainer), eval_interval=None)
    assert trainer.current_epoch == 2 and seen == [0] * (len(seen) // 2) + [1] * (len(seen) // 2)
