"""Chapters 7 and 8 of the book: sequence to sequence, and attention (docs/ch_seq2seq.md)."""
