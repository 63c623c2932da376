"""Files: checkpoints and trainings, written atomically and verified when they are read."""
