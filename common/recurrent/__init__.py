"""RNN, LSTM and GRU: one step each, and whole sequences of steps."""
