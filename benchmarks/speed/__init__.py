"""What a training step, an epoch and an answer cost: ours, PyTorch's, and the book's way. `python -m benchmarks.speed`.

Read in the order `jobs` (one measurement in a process of its own), `parts` (what is compared, and what was to be
reached), `worker` (the process), `ours`, `pytorch`, `book`, `ranks` (who does the work), `products`, `texts`, `report`.
"""
