"""How accurate each model is, over several splits, and whether the best is better or only luckier."""
