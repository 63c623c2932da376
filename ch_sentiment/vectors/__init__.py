"""Word vectors of a model, or of a file that others made, asked for near words and analogies."""
