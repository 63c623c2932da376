"""Pretraining on texts without labels: word vectors, language models, a sequence autoencoder (docs/pretraining.md)."""
