"""What is wrong with labelled texts: labels that do not fit, texts that occur twice, rows without a word."""
