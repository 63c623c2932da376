"""Chapters 5 and 6 of the book: language models, trained and generating (docs/ch_language.md)."""
