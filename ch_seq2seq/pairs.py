"""Questions and answers from a file or generated, checked for what training and showing them need."""

from dataset import sequence
from dataset.errors import DataError


def load_pairs(file_name):
    """-> (x_train, t_train), (x_test, t_test), char_to_id, id_to_char, as of `dataset.sequence`.

    DataError, one line, for what `sequence.load_data` refuses; for fewer than ten lines, of which none would be left to
    test with; for answers of no characters and for a question of blanks alone.
    """
    (x_train, t_train), (x_test, t_test) = sequence.load_data(file_name)
    char_to_id, id_to_char = sequence.get_vocab()
    if len(x_test) == 0:
        got = f"got {len(x_train)}"
        raise DataError(f"{file_name}: expected at least 10 lines, a tenth of which are kept to test with, {got}")
    if t_train.shape[1] < 2:
        raise DataError(f"{file_name}: expected an answer after each {sequence.START}, got nothing")
    if any((x == char_to_id.get(" ")).all(axis=1).any() for x in (x_train, x_test)):
        raise DataError(f"{file_name}: expected a question in every line, got one of blanks alone")
    return (x_train, t_train), (x_test, t_test), char_to_id, id_to_char
