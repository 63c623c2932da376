"""Text and files of text, to train on. Importing this package reads, writes and downloads nothing."""
