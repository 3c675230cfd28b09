"""Tokens a second of a run's language model, with its key-value cache and without it.

    python benchmarks/generation.py --model_dir=runs/text-gpt --tokens=256 --rows=1,8

Without the cache every token reads the whole window again, which is what --mode=generate does for
a model that has none. What is traced or compiled first is left out; the texts are compared.
"""

import pathlib
import sys
import time

import command_line
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument(
        "--model_dir", required=True, type=command_line.folder, help="the run's folder"
    )
    parser.add_argument("--prompt", default="ROMEO:\n", help="what is continued")
    parser.add_argument(
        "--tokens", type=command_line.above_zero(int), default=256, help="tokens to add"
    )
    parser.add_argument("--rows", type=_counts, default=[1, 8], help="texts continued together")
    arguments = parser.parse_args()

    from tfapp.errors import TfappError
    from tfapp.export.served_decoder import ServedDecoder
    from tfapp.modes.predict.main import latest_export

    try:
        path = latest_export(arguments.model_dir)
        model, compiled = ServedDecoder(path), ServedDecoder(path, compile_steps=True)
    except TfappError as error:
        raise SystemExit(str(error)) from error
    if not model.has_cache:
        raise SystemExit(f"--model_dir={arguments.model_dir}: the model has no cache to measure")
    print(f"window {model.window}, {arguments.tokens} tokens, greedy")
    for rows in arguments.rows:
        with_cache, texts = _measure(model, rows, arguments)
        by_xla, more = _measure(compiled, rows, arguments)
        without, others = _measure(model, rows, arguments, cache=False)
        same = (texts == others).all() and (more == others).all()
        print(
            f"{rows:>3} rows  without {without:6,.0f} tokens/s  with {with_cache:6,.0f}, "
            f"{with_cache / without:.1f} times as fast  compiled {by_xla:6,.0f}, "
            f"{by_xla / without:.1f} times  {'the same texts' if same else 'OTHER TEXTS'}"
        )


def _counts(text):
    return [command_line.above_zero(int)(part) for part in text.split(",")]


def _measure(model, rows, arguments, *, cache=True):
    """(tokens a second of all rows, ids [rows, tokens])."""
    from tfapp.modes.generate.contexts import Contexts
    from tfapp.modes.generate.prompts import ids_of
    from tfapp.modes.generate.sampling import Sampling

    prompt = ids_of("--prompt", arguments.prompt, model.tokens)
    greedy = Sampling(temperature=0.0, top_k=0, seed=0)

    def texts(count):
        contexts, chosen = Contexts(model, [prompt] * rows, cache=cache), []
        for _ in range(count):
            chosen.append(greedy.choose(contexts.logits(), ()))
            contexts.append(chosen[-1])
        return np.stack(chosen, -1)

    texts(3)
    began = time.perf_counter()
    found = texts(arguments.tokens)
    return rows * arguments.tokens / (time.perf_counter() - began), found


if __name__ == "__main__":
    main()
