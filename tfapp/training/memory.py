"""Steps for which there is no room: TensorFlow's error in words, with what would take less."""

import contextlib

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.runtime.memory_errors import first_line, is_no_room


class NoRoom(UsageError):
    """A step takes more memory than there is."""

    why = "a step has no room in memory"

    def __init__(self, options, error):
        """Of steps with these `StepOptions`, for which TensorFlow has raised `error`."""
        size, parts = options.batch_size, options.accumulate
        divided = f" in {parts} micro-batches" if parts > 1 else ""
        super().__init__(
            f"--batch_size={size}: {self.why}{divided}; use --accumulate={2 * parts} (the same "
            "step in smaller parts), --precision=bfloat16, --xla=update, --remat or a smaller "
            f"batch: {first_line(error)}"
        )
        self.batch_size = size
        self.least_batch = options.num_replicas * parts  # of which it must be a multiple


@contextlib.contextmanager
def finding_room(options):
    """Raises `NoRoom` in place of TensorFlow's error.

    Args:
      options: the `StepOptions` of the steps that run inside.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        if not is_no_room(error):
            raise
        # What the traceback refers to is freed with it.
        raise NoRoom(options, error) from None
