#!/usr/bin/env bash
# ONNX: the reference evaluator, which is to say what is right, ignores sequence_lens, activations and clip of a GRU.
# Version: onnx 1.23.2 (onnx.reference), onnxruntime 1.32.0 (CPU), numpy 2.5.5; opset 22, the model passes the checker.
# Good guess: both give the same numbers, or the reference raises for an input or attribute that it does not know.
# Seen: the reference reads on through the padding, without a word; onnxruntime gives what each text gives alone, cut to
#   its length, in both directions. And for a text of length 0 onnxruntime's last state is 0, though initial_h is 0.7
#   (the specification is silent). So check the export of a masked net against texts one by one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.5.5

"$work/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

T, N, D, H = 5, 3, 2, 3
rng = np.random.default_rng(0)
x, start = rng.standard_normal((T, N, D), np.float32), np.full((2, N, H), 0.7, np.float32)
shapes = {"W": (3 * H, D), "R": (3 * H, H), "B": (6 * H,)}
weights = {name: rng.standard_normal((2, *shape), np.float32) for name, shape in shapes.items()}


def last_states(x, lengths, start, **attributes):
    """Y_h (2, N, H) of a bidirectional GRU: onnxruntime's, the reference's."""
    feed = {"X": x, "S": np.array(lengths, np.int32), "H0": start}
    node = helper.make_node("GRU", ["X", "W", "R", "B", "S", "H0"], ["Y", "Yh"], hidden_size=H,
                            direction="bidirectional", **attributes)
    kinds = {"X": TensorProto.FLOAT, "S": TensorProto.INT32, "H0": TensorProto.FLOAT}
    inputs = [helper.make_tensor_value_info(k, kinds[k], a.shape) for k, a in feed.items()]
    outputs = [helper.make_tensor_value_info("Yh", TensorProto.FLOAT, start.shape)]
    known = [numpy_helper.from_array(a, k) for k, a in weights.items()]
    model = helper.make_model(helper.make_graph([node], "gru", inputs, outputs, known),
                              opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["Yh"], feed)[0], ReferenceEvaluator(model).run(["Yh"], feed)[0]


def same(a, b):
    return bool(np.allclose(a, b, atol=1e-5))


def ignored(**attributes):
    plain, told = last_states(x, [5] * 3, start), last_states(x, [5] * 3, start, **attributes)
    return same(plain[1], told[1]) and not same(plain[0], told[0])


runtime, reference = last_states(x, [5, 2, 0], start)
alone = last_states(x[:2, 1:2], [2], start[:, 1:2])[0][:, 0]
found = {
    "length 5 of 5: the reference agrees with onnxruntime": (same(runtime[:, 0], reference[:, 0]), True),
    "length 2 of 5: onnxruntime agrees with the text alone": (same(runtime[:, 1], alone), True),
    "length 2 of 5: the reference agrees with the text alone": (same(reference[:, 1], alone), False),
    "length 0, initial_h 0.7: onnxruntime gives 0": (not runtime[:, 2].any(), True),
    "clip=0.5: the reference ignores it": (ignored(clip=0.5), True),
    "activations Sigmoid, Relu: the reference ignores them": (ignored(activations=["Sigmoid", "Relu"] * 2), True),
}
for what, (seen, _) in found.items():
    print(f"{what}: {seen}")
print("a good guess: they agree everywhere, or the reference raises; a text of length 0 keeps 0.7")
raise SystemExit(print("HOLDS") if all(seen == known for seen, known in found.values()) else "CHANGED")
PY
