"""Chapters 2 to 4 of the book: vectors of words, from counts and from nets (docs/ch_words.md)."""
