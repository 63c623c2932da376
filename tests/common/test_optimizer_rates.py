"""`Optimizer.rates`: a learning rate for each parameter."""

import numpy as np
import pytest
from conftest import normal

from common.arrays.row_grad import RowGrad
from common.optimizer import SGD, AdaDelta, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop

ALL = [SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop, Adam, AdamW]
SHAPES, RATES = [(3, 2), (4,), (40_000, 2), (5, 3)], [1, 0.5, 0.25, 0.5]


def gradients(step):
    """The last but one of several blocks, the last one of rows."""
    grads = [normal(*shape, seed=10 * step + i) for i, shape in enumerate(SHAPES)]
    rows = RowGrad.zeros_like(grads[3])
    rows.write(np.array([1, 4]), grads[3][[1, 4]])
    return [*grads[:3], rows]


@pytest.mark.parametrize("kind", ALL)
def test_each_parameter_moves_as_with_an_optimizer_of_its_own_at_its_rate(kind):
    together, alone = ([normal(*shape, seed=i) for i, shape in enumerate(SHAPES)] for _ in range(2))
    one, own = kind(lr=0.1), [kind(lr=0.1 * rate) for rate in RATES]
    one.rates = RATES
    for step in range(4):
        one.update(together, gradients(step))
        for optimizer, p, g in zip(own, alone, gradients(step)):
            optimizer.update([p], [g])
    assert one.lr == 0.1
    for a, b in zip(together, alone):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_rates_of_another_number_than_the_parameters_are_refused():
    optimizer = SGD()
    optimizer.rates = [1.0]
    with pytest.raises(ValueError, match="zip"):
        optimizer.update([np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)])
