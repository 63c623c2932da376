"""Few labels, many texts: no film is both scored on and learnt from, and every text stands in one file."""

import numpy as np
import pytest
from conftest import lines_of

from benchmarks.few_labels import main


def test_a_file_is_cut_into_labelled_unlabelled_and_test_texts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    examples = [
        ("pos" if i % 2 else "neg", f"a {('bad', 'good')[i % 2]} thing of film{i // 5} {i}") for i in range(200)
    ]
    (tmp_path / "all.tsv").write_text(lines_of(examples))
    (tmp_path / "films.txt").write_text("".join(f"film{i // 5}\n" for i in range(200)))
    main(["all.tsv", "--group-file", "films.txt", "--labels", "20", "--seed", "1", "--out", "few"])
    assert "few/labelled.tsv: 20 lines" in capsys.readouterr().out
    lines = {path.name: path.read_text().splitlines() for path in (tmp_path / "few").iterdir()}
    texts = {name: [line.split("\t")[-1] for line in some] for name, some in lines.items()}
    assert sorted(text for name in ("labelled.tsv", "unlabelled.txt", "test.tsv") for text in texts[name]) == sorted(
        text for _, text in examples
    )
    assert np.unique([line.split("\t")[0] for line in lines["labelled.tsv"]], return_counts=True)[1].tolist() == [
        10,
        10,
    ]
    films = {
        name: {text.split()[-2] for text in texts[name]} for name in ("labelled.tsv", "unlabelled.txt", "test.tsv")
    }
    assert not films["test.tsv"] & (films["labelled.tsv"] | films["unlabelled.txt"])
    assert [text.split()[-2] for text in texts["labelled.tsv"]] == lines["labelled.groups.txt"]


def test_what_cannot_be_is_one_line_and_exit_2(tmp_path, capsys):
    (tmp_path / "all.tsv").write_text(lines_of([("pos", "good"), ("neg", "bad")] * 20))
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "all.tsv"), "--labels", "99", "--out", str(tmp_path / "few")])
    assert "--labels: expected a number below" in capsys.readouterr().err and not (tmp_path / "few").exists()
