"""A training from its configuration to a model that answers; nothing here prints."""
