"""What a person checks: gradients, scores, and what an answer rests on."""
