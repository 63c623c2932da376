"""What is written and read back: checkpoints and trainings, whole or not at all."""
