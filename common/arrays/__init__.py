"""The contracts of arrays: the Layer base, checks, initial values, gradients of rows, order in memory."""
