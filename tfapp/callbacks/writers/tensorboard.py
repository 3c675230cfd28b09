"""TensorBoard event files, one folder a split: tensorboard/train and tensorboard/validation."""

import tensorflow as tf

from tfapp.callbacks.writers import damage
from tfapp.callbacks.writers.writer import Writer
from tfapp.run_folder import TENSORBOARD
from tfapp.runtime.atomic_files import write_bytes

_EVENT_FILES = "events.out.tfevents.*"
# Around a record in a TFRecord file: its length (8 bytes), the length's CRC and its own (4 each).
_FRAME_BYTES = 16
_CUT_SHORT = "truncated record"  # in TensorFlow's words


class TensorBoardWriter(Writer):
    """Records scalars, images, texts and histograms; TensorBoard has no place for artifacts."""

    def __init__(self, folder):
        super().__init__(folder)
        self._root = self.folder / TENSORBOARD
        self._writers = {}  # tf.summary.SummaryWriter by split

    def scalars(self, step, split, values):
        with self._at(step, split):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def images(self, step, split, name, images):
        with self._at(step, split):
            tf.summary.image(name, images, max_outputs=len(images))

    def texts(self, step, split, name, text):
        with self._at(step, split):
            tf.summary.text(name, text)

    def histograms(self, step, split, name, values):
        with self._at(step, split):
            tf.summary.histogram(name, values)

    def rewind(self, step):
        self.close()
        for path in sorted(self._root.glob(f"*/.{_EVENT_FILES}.tmp")):
            path.unlink()  # a rewind that was killed; TensorBoard would read it
        for path in sorted(self._root.glob(f"*/{_EVENT_FILES}")):
            _rewind_file(path, step)

    def close(self):
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _at(self, step, split):
        """A context in which tf.summary writes to the split's file, as of the step.

        Leaving it flushes the file.
        """
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(str(self._root / split))
        return self._writers[split].as_default(step=step)


def _rewind_file(path, step):
    """Drops the events beyond `step`, and an end that a crash cut short.

    Events are copied as bytes. The first one, which holds the format's version, has step 0.
    """
    content = damage.content(path)
    if content is None:
        return
    kept, offset = [], 0
    try:
        for event in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            end = offset + len(event) + _FRAME_BYTES
            if _step_of(event) <= step:
                kept.append(slice(offset, end))
            offset = end
    except tf.errors.DataLossError as error:
        # Where the record after a damaged one begins is unknown: the rest of the file is lost.
        if _CUT_SHORT not in str(error):
            name = path.name.replace("tfevents", "damaged")  # which TensorBoard does not read
            damage.keep_aside(path, f"what is damaged from byte {offset} on is", name=name)
    if not kept:
        path.unlink()
    elif sum(part.stop - part.start for part in kept) < len(content):
        write_bytes(path, b"".join(content[part] for part in kept))


def _step_of(event):
    """The step of a serialized event. Raises DataLossError if it is none."""
    try:
        return tf.compat.v1.Event.FromString(event).step
    except Exception as error:  # protobuf's DecodeError differs between its implementations
        raise tf.errors.DataLossError(None, None, "is no event") from error
