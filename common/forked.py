"""A copy of this process (fork) that works for it, with all that was in memory, until either of the two ends."""

import gc
import os
import signal
import warnings

from common import cores
from common.model_lock import ForkSafeLock
from common.threads import one_blas_thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_starting = ForkSafeLock()


class ForkedProcess:
    """A copy of this process that does work(connection); `connection` is the end of it here.

    name: "process 2 of 3". others: those that were started before. sharing: how many processes share the cores. The
    copy has one BLAS thread, starts no others, and leaves Ctrl-C and SIGTERM to this process, whose end, however it
    comes, closes the connection. OSError where no process can be started.
    """

    def __init__(self, name, others, sharing, work):
        from multiprocessing import Pipe  # not above: most programs start no process

        self.name = name
        self.connection, end = Pipe()
        with _starting.held, warnings.catch_warnings(), one_blas_thread(), end:  # a setting of all threads
            # Python 3.12 warns that a copy has no other threads, while their locks stay locked in it. Of those of BLAS
            # there are none: OpenBLAS ends them before a fork.
            warnings.simplefilter("ignore", DeprecationWarning)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            try:
                signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the copy has other handlers
                self.pid = os.fork()
                if self.pid == 0:
                    self._work(end, others, sharing, work)
            except OSError as error:
                way_out = f"{cores.VARIABLE}=1 starts none"
                raise OSError(f"{name} cannot be started ({error.strerror}); {way_out}") from None
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _work(self, end, others, sharing, work):
        """In the copy; never returns."""
        try:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for process in (self, *others):  # else it would hold them open when the process that has them ends
                process.connection.close()
            os.environ[cores.VARIABLE], cores.shared_by = "1", sharing
            gc.freeze()  # what is not visited is not written to, and stays shared
            work(end)
        finally:
            os._exit(1)  # what is to be done at exit, the other process does

    def end(self):
        """End the copy, which has nothing to keep; -> in words, how it had ended already."""
        self.connection.close()
        pid, self.pid = self.pid, None
        try:
            if pid is None:
                return "has ended"
            os.kill(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except (ProcessLookupError, ChildProcessError):  # where SIGCHLD is ignored, the system waits for it
            return "has ended"
        if code >= 0:
            return f"has ended with exit code {code}"
        hint = ": if memory was short, fewer processes need less" if code == -signal.SIGKILL else ""
        return f"was killed by signal {-code} ({signal.strsignal(-code)}){hint}"


class ProcessDied(ChildProcessError):
    """A process that shared the work was killed, or ended by itself."""
