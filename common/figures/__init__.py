"""Figures that do not depend on the user's matplotlib settings, and labels in every script."""
