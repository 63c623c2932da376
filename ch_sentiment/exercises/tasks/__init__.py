"""One file an exercise: the learner's file with its solution, and below it what the judge asks of it."""
