"""The book's spiral: three arms of a hundred points each, the smallest task that needs a hidden layer."""

import numpy as np

_NUM_CLASSES = 3
_POINTS_PER_CLASS = 100


def load_data(seed=1984):
    """The points and their classes, class after class.

    Point i of arm j has radius i / 100 and angle 4 j + 4 i / 100, plus noise with standard deviation 0.2. With the
    legacy RandomState, one number per point, they are the points of the book, to the bit. The book's function seeds
    NumPy's global state with it: `np.random.seed(1984); np.random.randn(300)` leaves that as the book has it after.

    -> x (300, 2) float64 coordinates, t (300, 3) int32 one-hot classes. Book, chapter 1.
    """
    rng = np.random.RandomState(seed)
    arm = np.repeat(np.arange(_NUM_CLASSES), _POINTS_PER_CLASS)  # (300,)
    radius = np.tile(np.arange(_POINTS_PER_CLASS) / _POINTS_PER_CLASS, _NUM_CLASSES)  # (300,)
    theta = arm * 4.0 + 4.0 * radius + rng.randn(len(arm)) * 0.2  # (300,)
    # One angle at a time: NumPy's sine of many at once may differ from it in the last bit.
    x = np.array([(r * np.sin(angle), r * np.cos(angle)) for r, angle in zip(radius, theta)])  # (300, 2)
    return x, np.eye(_NUM_CLASSES, dtype=np.int32)[arm]
