"""The plain loop of `loop`, for each cell: what the fast layers are held equal to."""

from common.recurrent.gru import GRU
from common.recurrent.gru_reset_after import GRUResetAfter
from common.recurrent.loop import SimpleTimeRecurrent
from common.recurrent.lstm import LSTM
from common.recurrent.rnn import RNN

__all__ = ["SimpleTimeGRU", "SimpleTimeGRUResetAfter", "SimpleTimeLSTM", "SimpleTimeRNN", "SimpleTimeRecurrent"]


class SimpleTimeRNN(SimpleTimeRecurrent):
    cell_class = RNN


class SimpleTimeLSTM(SimpleTimeRecurrent):
    cell_class = LSTM


class SimpleTimeGRU(SimpleTimeRecurrent):
    cell_class = GRU


class SimpleTimeGRUResetAfter(SimpleTimeRecurrent):
    cell_class = GRUResetAfter
