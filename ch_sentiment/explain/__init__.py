"""Which words made a decision."""
