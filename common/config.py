"""The book's switch: `config.GPU = True`, set before the first import of `common.np`, turns its `np` into CuPy."""

GPU = False
