"""Write a trained model as other software reads it: an ONNX graph, named arrays, a page that runs in a browser."""

import os

from ch_sentiment.commands.arguments import add_cells_argument, check_output, register_cells
from ch_sentiment.console import say
from ch_sentiment.experiment.classifier import Classifier, model_path
from common.files.atomic_write import write_atomically
from dataset.errors import DataError

HELP = "write a model for other software: ONNX, safetensors, or a page that runs it in a browser"


def add_arguments(parser):
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    add_cells_argument(parser)
    parser.add_argument("--onnx", metavar="FILE", help="write a graph for onnxruntime and the like (extra: onnx)")
    stored = "keep its weights as float16 (half the size) or its tables as int8 (a quarter); default: float32"
    parser.add_argument("--onnx-weights", choices=["float32", "float16", "int8"], help=stored)
    parser.add_argument("--safetensors", metavar="FILE", help="write the named arrays, for readers of PyTorch's")
    parser.add_argument("--page", metavar="FILE", help="write one HTML file that runs the model without a server")
    most = "let the page know the N most frequent words alone; the others are unknown to it"
    parser.add_argument("--words", type=int, metavar="N", help=most)
    parser.add_argument(
        "--page-weights", choices=("float16", "float32"), help="of the page's weights (default: float16)"
    )


def run(options):
    """Write the files asked for, none before all are made; -> exit code 0. CheckpointError, DataError, OSError."""
    wanted = {"onnx": options.onnx, "safetensors": options.safetensors, "page": options.page}
    wanted = {kind: path for kind, path in wanted.items() if path is not None}
    if not wanted:
        raise DataError("expected --onnx FILE, --safetensors FILE or --page FILE, got none of them")
    if options.onnx_weights and not options.onnx:
        raise DataError("--onnx-weights: expected --onnx FILE beside it, got none")
    for name, value in (("--words", options.words), ("--page-weights", options.page_weights)):
        if value is not None and options.page is None:
            raise DataError(f"{name}: expected --page FILE beside it, got none")
    for kind, path in wanted.items():
        check_output(f"--{kind}", path, [options.model, model_path(options.model)])
    if len({os.path.realpath(path) for path in wanted.values()}) < len(wanted):
        raise DataError(f"expected a file for each form, got {', '.join(wanted.values())}")
    register_cells(options)
    model = Classifier.load(options.model)
    contents = {path: FORMS[kind](model, options) for kind, path in wanted.items()}
    for path, content in contents.items():
        write_atomically(path, [content])
        say(f"{path}: {len(content):,} bytes")
    return 0


def _onnx(model, options):
    from ch_sentiment.export.onnx import onnx_bytes

    return onnx_bytes(model, options.onnx_weights or "float32")


def _safetensors(model, options):
    from ch_sentiment.export.safetensors import safetensors_bytes

    return safetensors_bytes(model)


def _page(model, options):
    from ch_sentiment.export.page import page_bytes

    return page_bytes(model, options.model, options.words, options.page_weights or "float16")


FORMS = {"onnx": _onnx, "safetensors": _safetensors, "page": _page}  # a function of Classifier and options -> bytes
