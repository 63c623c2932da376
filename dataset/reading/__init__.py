"""From a file, whatever its form, to rows, columns, labels and vectors: behind `labelled_text` and `glove`."""
