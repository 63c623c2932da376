"""`python -m benchmarks.speed`: the cost of training steps, epochs and predictions, beside PyTorch and the book's way.

Read in the order `jobs` (one measurement in a process of its own), `parts` (what is compared, and the targets),
`worker` (the process), `ours`, `pytorch`, `book`, `ranks` (the implementations), `products`, `texts`, `report`.
"""
