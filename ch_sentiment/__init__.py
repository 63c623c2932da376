"""The chapter: sentiment of texts. It joins `dataset`, which knows text, to `common`, which knows arrays."""
