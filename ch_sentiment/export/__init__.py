"""A trained model in the forms that other software reads."""
