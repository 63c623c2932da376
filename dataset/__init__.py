"""Text and files of text: what the layers of `common` are trained on.
Nothing is read, made or fetched when this package is imported."""
