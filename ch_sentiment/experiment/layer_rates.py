"""Lower learning rates for lower layers, which so keep more of what they learnt before. Howard and Ruder 2018."""

import re

from common.arrays.tied_weights import TiedWeights

RECURRENT, BELOW = re.compile(r"\b(layer\d+|encoder)\."), re.compile(r"\b(embed|pair_embed)\.")


def layer_rates(model, decay):
    """A factor of the learning rate for each parameter of a model, each once: 1 for head and pooling, `decay` for the
    highest recurrent layer, decay^2 for the one below it, and so on; one power more for word vectors. model: with
    params and param_names of a SentimentNet, wrapped or not.
    """
    found = [RECURRENT.search(name) for name in model.param_names]
    layers = sorted({match[1] for match in found if match}, reverse=True)  # the highest first
    rates = {}
    for (place, _), name, match in zip(TiedWeights(model.params).places, model.param_names, found):
        depth = layers.index(match[1]) + 1 if match else (len(layers) + 1) * bool(BELOW.search(name))
        rates.setdefault(place, decay**depth)
    return [rates[place] for place in range(len(rates))]
