"""Exercises: the reader writes the backward pass, and a judge in another process says which gradient is wrong."""
