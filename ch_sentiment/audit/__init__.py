"""Whom a model wrongs."""
