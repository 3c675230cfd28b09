"""--mode=generate: continues --prompt, or each prompt of --input, by a run's language model.

It uses only the SavedModel. Without --output the texts go to stdout; with it, rows are written as
--mode=predict writes them, and a killed command continues when it is repeated.
"""

import logging
import time

import numpy as np

from tfapp.errors import DataError
from tfapp.modes.predict import identity
from tfapp.modes.predict.csv import csv_reader
from tfapp.modes.predict.main import latest_export
from tfapp.modes.predict.outputs import check_output, format_of
from tfapp.modes.predict.partial import PartialOutput
from tfapp.modes.predict.progress import RowsProgress
from tfapp.modes.predict.stream import Piece, batches
from tfapp.runtime import output

_LOG = logging.getLogger("tfapp")
_BATCH = 32  # texts that are continued together
_WORTH_COMPILING = 500  # tokens in turn; XLA takes a second or more and saves milliseconds each
_SEVERAL = 4  # batches that --input is taken to hold


def main(config):
    """Writes the texts, or prints them."""
    if config.output:
        check_output(config.output)
    from tfapp.experiment.devices import device_names  # TensorFlow is imported here
    from tfapp.export.served_decoder import ServedDecoder

    device_names(config)
    path = latest_export(config.model_dir)
    steps = config.max_tokens * (_SEVERAL if config.input else 1)
    model = ServedDecoder(path, compile_steps=steps >= _WORTH_COMPILING)
    if not model.has_cache:
        _LOG.info(
            "generate: the model keeps nothing of what it has read, so every token reads the whole "
            "window again; gpt and causal_transformer have a cache"
        )
    texts = _Texts(config, model)
    if config.output:
        count = texts.write(config.output, identity.of_model(path))
        output.answer(f"{count} texts in {config.output}")
    else:
        texts.show()


class _Texts:
    """The texts that the flags ask for."""

    def __init__(self, config, model):
        from tfapp.modes.generate.sampling import Sampling

        self._model, self._samples, self._count = model, config.samples, config.max_tokens
        self._sampling = Sampling(config.temperature, config.top_k, config.seed)
        self._size = config.eval_batch_size or _BATCH
        self._stream = self._opened(config)
        self._where = "--prompt" if config.prompt else f"{config.input}, row "
        self._kept = self._stream.kept
        self._of = {
            "input": identity.of_files(config.input, self._stream.files),
            "flags": identity.of_flags(
                prompt=config.prompt,
                samples=self._samples,
                count=self._count,
                sampling=repr(self._sampling),
                size=self._size,
                kept=self._kept,
            ),
        }

    def _opened(self, config):
        import tensorflow as tf

        from tfapp.modes.generate.prompts import GivenPrompt
        from tfapp.modes.predict.inputs import open_input

        if config.prompt:
            return GivenPrompt(config.prompt, self._model.feature)
        signature = {self._model.feature: tf.TensorSpec([None], tf.string)}
        return open_input(config.input, signature, csv_reader(config), config.keep_columns)

    def show(self):
        """Prints the texts, each of several with a line before it."""
        began, tokens, several = time.monotonic(), 0, (self._samples, self._stream.total) != (1, 1)
        for piece, answers in self._batches(0):
            for name, sample, text in zip(
                piece.names, answers["sample"].tolist(), answers["text"].tolist(), strict=True
            ):
                if several:
                    output.answer(f"--- {f'prompt {name}, ' * bool(name)}sample {sample}")
                output.answer(text)
            tokens += len(piece) * self._count
        seconds = time.monotonic() - began
        _LOG.info("generate: %s tokens, %s tokens/s", f"{tokens:,}", f"{tokens / seconds:,.0f}")

    def write(self, path, model):
        """Writes the texts to `path`. Returns their number."""
        form = format_of(path, ())
        with PartialOutput(path, {**self._of, "model": model}) as partial:
            progress = RowsProgress(done=partial.rows, total=None, unit="texts")
            try:
                for piece, answers in self._batches(partial.rows):
                    partial.append(form.encode(piece, answers, partial.file), len(piece))
                    progress.add(len(piece))
                partial.finish(form)
                progress.end()
            except DataError:
                partial.discard()
                raise
            finally:
                progress.leave()
            return partial.rows

    def _batches(self, start):
        """Yields (Piece, answers) of the texts from number `start` on."""
        for i, piece in enumerate(batches(self._pieces(start), self._size)):
            yield piece, self._answers(piece, self._size if i or start else 0)

    def _pieces(self, start):
        """Yields pieces of one row a text: each prompt as often as there are samples."""
        first = start // self._samples
        row = first
        for piece in self._stream.pieces(first):
            index = np.repeat(np.arange(len(piece)), self._samples)
            features = {
                "prompt": piece.features[self._model.feature][index],
                "row": row + index,
                "sample": np.tile(np.arange(self._samples), len(piece)),
            }
            names = [piece.names[i] for i in index]
            kept = {n: [values[i] for i in index] for n, values in piece.kept.items()}
            yield Piece(names, features, kept).rows(max(start - row * self._samples, 0), len(index))
            row += len(piece)

    def _answers(self, piece, size):
        """The answers to a piece, which is padded to `size` rows so that shapes are the same."""
        from tfapp.modes.generate.contexts import continued
        from tfapp.modes.generate.prompts import ids_of, text_of

        tokens, features = self._model.tokens, piece.features
        prompts = [
            ids_of(self._where + name, prompt, tokens)
            for name, prompt in zip(piece.names, features["prompt"].tolist(), strict=True)
        ]
        pairs = zip(features["row"].tolist(), features["sample"].tolist(), strict=True)
        generators = [self._sampling.numbers_of(row, sample) for row, sample in pairs]
        missing = max(size - len(prompts), 0)
        prompts += missing * prompts[-1:]
        generators += [self._sampling.numbers_of(0, 0) for _ in range(missing)]
        found = continued(self._model, prompts, generators, self._sampling, self._count)
        texts = [
            prompt + text_of(ids, tokens)
            for prompt, ids in zip(features["prompt"].tolist(), found[: len(piece)], strict=True)
        ]
        return {"sample": features["sample"] + 1, "text": np.array(texts, object)}
