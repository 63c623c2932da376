"""SentimentClassifier: every model of `sentifish train`, in scikit-learn's form."""

from ch_sentiment.estimator.text_classifier import TextClassifier


class SentimentClassifier(TextClassifier):
    """A recurrent net, or another model, as `sentifish train` trains it; see TextClassifier for its methods.

    Parameters have the names and values of the options of `sentifish train --help`; None is the value of the recipe,
    and where that says nothing, or there is none, the default of the command. Of its own:

    random_state: an int, the command's --seed; a Generator or RandomState, from which each `fit` draws one; None:
    another seed each time. class_weight: "balanced", or a dict of weights by label, 1 where a label is not in it.
    processes: how many share the work; None: as many as are fastest, and 1 inside the workers of a search. verbose: 0
    prints nothing, 1 the table of epochs, 2 the progress, too. They are checked by `fit`.
    """

    def __init__(
        self,
        *,
        recipe=None,
        model=None,
        cell=None,
        bidirectional=None,
        layers=None,
        pool=None,
        softmax=None,
        hidden=None,
        wordvec=None,
        pairvec=None,
        max_pairs=None,
        naive_bayes=None,
        ngrams=None,
        wide=None,
        vocab_size=None,
        max_len=None,
        keep=None,
        embedding=None,
        freeze_embedding=None,
        remove_stopwords=None,
        remove_punctuation=None,
        tokenizer=None,
        dropout=None,
        embed_dropout=None,
        type_dropout=None,
        word_dropout=None,
        drop_longer=None,
        adversarial=None,
        virtual_adversarial=None,
        entropy=None,
        optimizer=None,
        lr=None,
        layer_decay=None,
        schedule=None,
        batch_size=None,
        epochs=None,
        average=None,
        patience=None,
        keep_epoch=None,
        clip=None,
        clip_value=None,
        validation=None,
        split_seed=None,
        calibrate=None,
        class_weight=None,
        random_state=0,
        processes=None,
        verbose=0,
    ):
        parameters = dict(locals())
        del parameters["self"]
        vars(self).update(parameters)
