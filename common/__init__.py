"""The framework: layers, optimizers, trainer and what they stand on.

It knows arrays; it knows nothing of text, of files of text, or of sentiment.
"""
