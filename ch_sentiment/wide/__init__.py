"""Both worlds in one net: the scores of a linear model on words and n-grams, and those of a net, added up."""
