"""The contracts of arrays: checks, initial values, gradients of rows, order in memory."""
