"""NBSVMClassifier: `sentifish baseline`, in scikit-learn's form."""

from ch_sentiment.estimator.text_classifier import TextClassifier


class NBSVMClassifier(TextClassifier):
    """Logistic regression on words and n-grams scaled by naive Bayes, as `sentifish baseline` trains it.

    Parameters have the names and values of the options of `sentifish baseline --help`; None is its default. Those of
    its own, and methods, are as of SentimentClassifier.
    """

    recipe = "nbsvm"

    def __init__(
        self,
        *,
        ngrams=None,
        max_pairs=None,
        vocab_size=None,
        max_len=None,
        keep=None,
        remove_stopwords=None,
        remove_punctuation=None,
        tokenizer=None,
        drop_longer=None,
        optimizer=None,
        lr=None,
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
