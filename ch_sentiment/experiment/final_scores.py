"""What is measured of a model once its training has ended, and stands in its file."""

from dataclasses import asdict, replace

from ch_sentiment.experiment.epoch_choice import ENOUGH


def score_model(model, data, options):
    """Calibrate a Classifier and choose its abstention threshold on the validation part, as the RunOptions say, where
    it has ENOUGH texts; add what was found to its metrics, and the scores of the test part, or without one of the
    validation part; -> scores, None of no text.
    """
    validation, found = data.val, {}
    enough = len(validation) >= ENOUGH
    if options.calibrate and enough:
        found["calibration"] = model.calibrate(validation.x, validation.t)
    if options.abstain is not None:
        if enough:
            model.choose_abstention(validation.x, validation.t, options.abstain)
        chosen = model.report(validation.x, validation.t).get("abstain")
        found["abstention"] = {"wanted": options.abstain, "n": len(validation), "found": chosen}
    name, part = data.scored
    scores = model.report(part.x, part.t) if len(part) else None
    model.metrics = {**model.metrics, **found, **({} if scores is None else {name: scores})}
    return scores


def score_kept(model, data, options, kept, rounds):
    """`score_model` of the model that a self-training kept, whose metrics then tell of its rounds. kept: its name.
    rounds: list of `self_training.Round`.
    """
    parts = {name: replace(part, x=model.encode(part.texts)) for name, part in data.parts.items()}
    known = ("trained_on", "kept", "best", "wide")
    model.metrics = {name: model.metrics[name] for name in known if name in model.metrics}
    model.metrics["self_training"] = {"kept": kept, "rounds": [asdict(of) for of in rounds]}
    return score_model(model, replace(data, val=parts["validation"], test=parts.get("test")), options)
