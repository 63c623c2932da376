"""Many texts that are tokenized once, or not at all where the cache has their tokens."""

from dataset.store.token_cache import tokenize_texts


class CachedTexts(list):
    """A list of N str for any `predict_proba`; a model that asks it for `tokens` need not tokenize again.

    cached: take the tokens from the cache of long data, and keep them there. progress: a bar on standard error.
    """

    def __init__(self, texts, cached=True, progress=False):
        super().__init__(texts)
        self.cached, self.progress = cached, progress
        self._corpora = {}

    def tokens(self, cleaning):
        """-> `token_cache.TokenizedTexts`, the same for every model with this Cleaning."""
        if cleaning not in self._corpora:
            self._corpora[cleaning] = tokenize_texts(list(self), cleaning, self.cached, self.progress)
        return self._corpora[cleaning]
