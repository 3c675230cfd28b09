"""--mode=generate: the cache changes nothing, seeds decide, and what is wrong is one line."""

import functools
import json
import pathlib

import numpy as np
import pytest

from tests.language_models import LETTERS, WINDOW, export
from tfapp.export.served_decoder import ServedDecoder
from tfapp.modes.generate.contexts import Contexts, continued
from tfapp.modes.generate.sampling import Sampling

GREEDY = Sampling(0.0, 0, 0)


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """run_of(name): the folder of a run of the model so called."""

    @functools.cache
    def make(name):
        folder = tmp_path_factory.mktemp(name)
        export(folder, name)
        return folder

    return make


@pytest.fixture(
    scope="module",
    params=["gpt", pytest.param("causal_transformer", marks=pytest.mark.slow)],
)
def decoder(request, run_of):
    return ServedDecoder(run_of(request.param) / "export" / "1")


@pytest.fixture
def generate(run_cli, run_of):
    """generate(*flags): the `Outcome` of --mode=generate."""

    def run(*flags, model="gpt"):
        return run_cli("--mode=generate", f"--model_dir={run_of(model)}", *flags)

    return run


def test_logits_with_the_cache_are_those_without_also_beyond_the_window(decoder):
    """Prompts of several lengths, each of which fills its window at another time."""
    random = np.random.default_rng(0)
    prompts = [random.integers(2, 18, n).astype(np.int32) for n in (1, 5, WINDOW, 3 * WINDOW)]
    cached, forgetful = (Contexts(decoder, prompts, cache=kept) for kept in (True, False))
    for _ in range(2 * WINDOW):
        assert cached.logits() == pytest.approx(forgetful.logits(), abs=1e-4)
        ids = random.integers(2, 18, 4).astype(np.int32)
        cached.append(ids)
        forgetful.append(ids)


@pytest.mark.slow
def test_compiled_steps_give_the_same_logits_and_are_compiled_once(run_of):
    path = run_of("gpt") / "export" / "1"
    plain, compiled = (ServedDecoder(path, compile_steps=flag) for flag in (False, True))
    prompts = [np.array(p, np.int32) for p in ([3, 4], [5, 6, 7, 8, 9])]
    one, other = Contexts(plain, prompts), Contexts(compiled, prompts)
    for i in range(2 * WINDOW):
        assert other.logits() == pytest.approx(one.logits(), abs=1e-4)
        for contexts in (one, other):
            contexts.append(np.array([2 + i % 16, 3], np.int32))
    assert compiled._compiled.experimental_get_tracing_count() == 1


def test_a_row_does_not_depend_on_the_others(decoder):
    prompts = [np.array(p, np.int32) for p in ([3, 4], [5, 6, 7, 8, 9], [2] * 20)]
    sampling = Sampling(4.0, 0, 5)

    def texts(numbers):
        generators = [sampling.numbers_of(i, 0) for i in numbers]
        rows = [prompts[i] for i in numbers]
        return continued(decoder, rows, generators, sampling, 30).tolist()

    together = texts([0, 1, 2])
    assert together == [*texts([0]), *texts([1]), *texts([2])]
    assert all(len(set(row)) > 3 for row in together)


def test_the_window_is_read_once_for_half_of_it(decoder, monkeypatch):
    reads, read = [], decoder.read
    monkeypatch.setattr(decoder, "read", lambda *a: reads.append(1) or read(*a))
    continued(decoder, [np.array([3], np.int32)], (), GREEDY, WINDOW)
    assert len(reads) == 1
    continued(decoder, [np.array([3], np.int32)], (), GREEDY, 2 * WINDOW)
    assert len(reads) == 4  # one at first; when it is full, and half a window later


def test_the_texts_are_those_of_the_seed(generate):
    flags = ("--prompt=abc", "--max_tokens=40", "--temperature=2", "--samples=2")
    one, other = (generate(*flags, f"--seed={seed}").out for seed in (1, 2))
    assert one != other
    first, second = (text[2:] for text in one.split("--- sample ")[1:])
    assert first != second
    alone = generate("--prompt=abc", "--max_tokens=40", "--temperature=2", "--seed=1").out
    assert first == alone
    assert len(alone) == 44
    assert alone.startswith("abc")
    assert set(alone) <= set(LETTERS)


def test_a_prompt_of_several_lines(generate):
    done = generate("--prompt=ab\nc", "--max_tokens=2")
    assert done.code == 0, done.err
    assert done.out.startswith("ab\nc")
    assert "generate: the model keeps" not in done.err


@pytest.mark.slow
def test_a_model_without_a_cache_generates_and_says_so(generate):
    done = generate("--prompt=abc", "--max_tokens=30", "--temperature=0", model="convolution")
    assert done.code == 0, done.err
    assert len(done.out) == 34
    assert "generate: the model keeps nothing of what it has read" in done.err


def test_prompts_of_a_file_are_continued_to_a_file(generate):
    pathlib.Path("in.jsonl").write_text('{"text": "abc", "id": 7}\n{"text": "p", "id": 8}\n')
    flags = ("--input=in.jsonl", "--max_tokens=20", "--samples=3")
    done = generate(*flags, "--output=out.jsonl", "--eval_batch_size=4")
    assert (done.code, done.out) == (0, "6 texts in out.jsonl\n"), done.err
    rows = [json.loads(line) for line in pathlib.Path("out.jsonl").read_text().splitlines()]
    assert [(r["id"], r["input"], r["sample"]) for r in rows] == [
        (7, "1", 1), (7, "1", 2), (7, "1", 3), (8, "2", 1), (8, "2", 2), (8, "2", 3)
    ]  # fmt: skip
    assert all(r["text"].startswith("abc" if r["id"] == 7 else "p") for r in rows)
    assert len({r["text"] for r in rows}) == 6
    assert generate(*flags, "--output=other.jsonl").code == 0  # in one batch
    assert pathlib.Path("other.jsonl").read_text() == pathlib.Path("out.jsonl").read_text()
    pathlib.Path("in.txt").write_text("p\n")
    shown = generate("--input=in.txt", "--max_tokens=20").out
    assert shown.startswith("--- prompt 1, sample 1\np")


@pytest.mark.parametrize(
    "flags, code, message",
    [
        (("--prompt=abz",), 3, "--prompt: holds 'z' (U+007A), which is not in the text that the"),
        (("--input=in.txt",), 3, "in.txt, row 2: is empty; give at least one character"),
        ((), 2, "--mode=generate: give one of --prompt=TEXT and --input=FILE"),
        (("--prompt=a", "--input=in.txt"), 2, "give one of --prompt=TEXT and --input=FILE"),
        (("--prompt=a", "--temperature=-1"), 2, "--temperature=-1.0: must be 0 or more"),
        (("--prompt=a", "--mode=benchmark"), 2, "--prompt belongs to --mode=generate"),
        (("--prompt=a", "--output=a.doc"), 2, "--output=a.doc: must end in one of .jsonl"),
    ],
)
def test_what_is_wrong_is_one_line(generate, flags, code, message):
    pathlib.Path("in.txt").write_text("abc\n\n")
    done = generate(*flags)
    assert (done.code, done.err.count("\n"), done.out) == (code, 1, "")
    assert message in done.err


def test_a_model_that_continues_no_text(run_cli, sizes_export):
    done = run_cli("--mode=generate", f"--model_dir={sizes_export}", "--prompt=a")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "continues no texts: it is no language model" in done.err


def test_tokens_are_drawn_by_their_probabilities():
    logits = np.tile(np.log([9.0, 9.0, 1.0, 2.0, 1.0, 4.0]), (4000, 1)).astype("f4")
    generators = [np.random.Generator(np.random.Philox(i)) for i in range(4000)]

    def shares(temperature, top_k):
        drawn = Sampling(temperature, top_k, 0).choose(logits, generators)
        return np.bincount(drawn, minlength=6) / 4000

    assert shares(1.0, 0) == pytest.approx([0, 0, 1 / 8, 2 / 8, 1 / 8, 4 / 8], abs=0.03)
    assert shares(0.5, 0) == pytest.approx([0, 0, 1 / 22, 4 / 22, 1 / 22, 16 / 22], abs=0.03)
    assert shares(1.0, 2) == pytest.approx([0, 0, 0, 2 / 6, 0, 4 / 6], abs=0.03)
    assert shares(0.0, 0).tolist() == [0, 0, 0, 0, 0, 1]
