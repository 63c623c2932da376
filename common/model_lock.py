"""The lock of a model: one Python thread at a time may have it predict, explain or take a step of training.

A forward keeps on the layers what backward needs, and prediction switches them: two threads in one model at once would
read each other's numbers. docs/threads.md says what may be shared.
"""

import contextlib
import os
import threading
import weakref

_all = weakref.WeakSet()


class ForkSafeLock:
    """`held`: a re-entrant lock. Where what has one is copied or pickled, the copy has a new one.

    In a process that was forked while another thread held it, it is free: that thread is not there.
    """

    __slots__ = ("__weakref__", "held")

    def __init__(self):
        self.held = threading.RLock()
        _all.add(self)

    def __reduce__(self):
        return ForkSafeLock, ()


def _after_fork():
    for lock in _all:
        if lock.held.acquire(blocking=False):  # free, or that of the thread that forked, which goes on in the copy
            lock.held.release()
        else:
            lock.held = threading.RLock()


_making = ForkSafeLock()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


def lock_of(model):
    """The lock of a model, a context manager; models that have a layer in common have one. It is made at first use."""
    lock = getattr(model, "_model_lock", None)
    return (_shared(model) if lock is None else lock).held


def _shared(model):
    with _making.held:
        holders = [model, *getattr(model, "_all_below", tuple)()]
        found = (getattr(holder, "_model_lock", None) for holder in holders)
        lock = next((lock for lock in found if lock is not None), None) or ForkSafeLock()
        for holder in holders:
            with contextlib.suppress(AttributeError):  # a layer with slots has no place for it
                holder._model_lock = lock
        return lock
