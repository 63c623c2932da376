"""What to run on a machine with a GPU: `python -m benchmarks.gpu`, and send what it prints (docs/gpu.md).

(a) every layer of the tool beside NumPy, to 1e-4 in float32; (b) the time of a training step, beside PyTorch's cuDNN
LSTM where torch sees the GPU; (c) a training of 2,000 reviews on the CPU and on the GPU. `--stand-in` needs no GPU: (a)
and a small (c) on arrays that only behave as CuPy's, and the number of calls that a step would give to a GPU.
"""

import argparse
import platform
import sys

from benchmarks.gpu import stand_in
from common.np import what_a_gpu_lacks

TOLERANCE = 1e-4  # of the largest element of each array


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "--stand-in", action="store_true", help="without a GPU: (a), a small (c), and the calls of a step"
    )
    parser.add_argument(
        "--data", metavar="FILE", help="reviews to train on, as `sentifish train --data` (default: made up)"
    )
    arguments = parser.parse_args(argv)
    if arguments.stand_in:
        stand_in.install()
    elif lacks := what_a_gpu_lacks():
        print(f"benchmarks.gpu: expected {lacks} (--stand-in needs none)", file=sys.stderr)
        return 2
    from benchmarks.gpu import checks, times, trainings  # which ask for CuPy

    print(f"{platform.platform()}, Python {platform.python_version()}, {times.device()}")
    worst = max(difference for _, difference in checks.differences(print))
    print(f"largest difference {worst:.1e} of 1e-4: {'passed' if worst <= TOLERANCE else 'FAILED'}")
    if arguments.stand_in:
        times.print_calls(print)
    else:
        times.print_times(print)
    apart = trainings.compare(print, arguments.data, 60 if arguments.stand_in else 2000)
    print(f"losses of the first epoch {apart:.1e} apart")
    return 0 if worst <= TOLERANCE and apart <= 1e-2 else 1


if __name__ == "__main__":
    sys.exit(main())
