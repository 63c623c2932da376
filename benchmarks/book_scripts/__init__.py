"""The scripts of the book's repository, unedited, beside our packages and beside its own: see `__main__`."""
