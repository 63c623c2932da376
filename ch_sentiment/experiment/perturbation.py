"""What a training makes of its net: one whose input vectors are moved while it trains, or the net as it is."""

from common.cores import ranks_started
from common.training.adversarial import AdversarialTraining
from common.training.virtual_adversarial import Unlabelled, VirtualAdversarialTraining
from dataset.errors import DataError


def perturbed(net, options, rng):
    """-> what the Trainer is given: net, or a WrappedModel of it. options: TrainingOptions. rng: of the random steps,
    and of which unlabelled texts are read when.
    """
    if options.virtual_adversarial or options.entropy:
        return VirtualAdversarialTraining(net, options.virtual_adversarial, entropy=options.entropy, rng=rng)
    return AdversarialTraining(net, options.adversarial) if options.adversarial else net


def set_unlabelled(trained, ids):
    """Give what `perturbed` made the texts without labels that it reads, too: list of id arrays, or None."""
    if ids is not None and isinstance(trained, VirtualAdversarialTraining):
        trained.unlabelled = Unlabelled(ids)


def check(config):
    """DataError for options of `perturbed` that do not fit each other, or a model that cannot be trained so."""
    options = config.training
    given = {"--adversarial": options.adversarial, "--virtual-adversarial": options.virtual_adversarial}
    given = [name for name, value in {**given, "--entropy": options.entropy}.items() if value]
    if given and config.model.model != "recurrent":
        raise DataError(f"{given[0]}: expected a recurrent model, got {config.model.model}")
    if "--adversarial" in given[:-1]:
        got = f"{options.adversarial:g} (--adversarial 0 does without)"
        raise DataError(f"{given[-1]}: expected no --adversarial beside it, got {got}")
    if given and "--adversarial" not in given:
        if ranks_started() > 1:
            raise DataError(f"{given[0]}: expected one process, got {ranks_started()} ranks of mpiexec")
        if (config.run.processes or 1) > 1:
            raise DataError(f"{given[0]}: expected --processes 1, got {config.run.processes}")
