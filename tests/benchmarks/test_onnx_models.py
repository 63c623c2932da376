import re

from conftest import TWO, lines_of

from benchmarks import onnx_models


def test_the_answers_are_compared_in_every_form(phrases_model, write, monkeypatch, capsys):
    monkeypatch.setattr(onnx_models, "LONGEST", 3)
    monkeypatch.setattr(onnx_models, "OF_EACH", 2)
    onnx_models.main([str(phrases_model), "--data", write("two.tsv", lines_of(TWO)), "--part", "answers"])
    out = capsys.readouterr().out
    assert re.findall(r"^  onnxruntime, (one by one|in batches of 64.*): \d\.\de-(?:0[6-9]|\d\d)$", out, re.M)[2:]
    assert re.findall(r"^  (\w+): [\d,]+; ", out, re.M) == ["float32", "float16", "int8", "dynamic"]
