"""Figures that are drawn whatever a person's matplotlib is set to, and whatever script their texts are in."""
