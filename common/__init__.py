"""The framework: layers, optimizers, trainer and what they stand on.

It knows arrays; it knows nothing of text, of files of text, or of sentiment.
"""

__version__ = "0.1.0"  # of the whole library; setup.py says the same
