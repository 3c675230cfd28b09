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
        "examples an evaluation step, over all replicas, or a batch of predict and generate; 0: "
        "the larger of --batch_size and 256, and by the size of an example",
        least=0)
    input: str = _flag("",
        "what --mode=predict reads: a table (FILE.csv, .parquet, .jsonl), texts (FILE.txt, one a "
        "line), arrays (FILE.npz), an image, a folder of images, or a FILE.txt that lists images; "
        "and generate: prompts",
        resolved=False)
    output: str = _flag("",
        "what predict writes, and generate in place of stdout: FILE.jsonl, FILE.csv, FILE.parquet "
        "or FILE.npz; for --mode=inspect the contact sheet FILE.png", resolved=False)
    keep_columns: tuple[str, ...] = _flag((),
        "columns of --input that --mode=predict copies to --output, or all, or none; by default "
        "those that identify a row by their name (id, user_id) and that the model does not take",
        resolved=False)
    prompt: str = _flag("",
        "the text that --mode=generate continues; --input for several", resolved=False)
    samples: int = _flag(1,
        "how many continuations of each prompt", least=1, resolved=False)
    max_tokens: int = _flag(256,
        "tokens that generate adds to a prompt", least=1, resolved=False)
    temperature: float = _flag(1.0,
        "by which generate divides logits before it draws a token; 0: always the most probable one",
        least=0, resolved=False)
    top_k: int = _flag(0,
        "of how many most probable tokens generate draws one, by the seed; 0: of all",
        least=0, resolved=False)
    # fmt: on
