"""What a finished run is asked for: evaluation, prediction, serving."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Evaluation and prediction")


@dataclasses.dataclass(frozen=True)
class Answers:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    split: str = _flag("test",
        "what --mode=eval evaluates", choices=("train", "validation", "test"), resolved=False)
    eval_batch_size: int = _flag(0,
        "examples an evaluation step, over all replicas; 0: the larger of --batch_size and 256",
        least=0)
    input: str = _flag("",
        "what --mode=predict reads: a table (FILE.csv, .parquet, .jsonl), texts (FILE.txt, one a "
        "line), arrays (FILE.npz), an image, a folder of images, or a FILE.txt that lists images",
        resolved=False)
    output: str = _flag("",
        "what --mode=predict writes: FILE.jsonl, FILE.csv or FILE.npz; the contact sheet FILE.png "
        "of --mode=inspect", resolved=False)
    keep_columns: tuple[str, ...] = _flag((),
        "columns of --input that --mode=predict copies to --output, or all, or none; by default "
        "those that identify a row by their name (id, user_id) and that the model does not take",
        resolved=False)
    # fmt: on
