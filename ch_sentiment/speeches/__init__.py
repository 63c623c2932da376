"""Speeches, read paragraph by paragraph."""
