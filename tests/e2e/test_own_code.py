"""Whatever a user's own code raises or returns ends in one line, with its reason and its place."""

import pathlib
import textwrap

import pytest

NET = """
import sys

import keras
import numpy as np
import tensorflow as tf


class Net(keras.Model):
    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)

    def call(self, x, training=False):
        y = self.head(self.flatten(x))
        {call}
"""
PLACE = "net.py:16)"  # of the line {call}

CALLS = {  # the end of `call` -> parts of the message
    'return "a string"': ["gives a str for a batch of 2; a tensor of shape [2, 10] is needed"],
    "y = None": ["gives nothing for a batch of 2", "its call lacks a return"],
    'return {"y": y}': ["gives a dict for a batch of 2"],
    "return [y, y]": ["gives a list for a batch of 2"],
    "return tf.RaggedTensor.from_tensor(y)": ["gives a RaggedTensor for a batch of 2"],
    "return tf.strings.as_string(y)": ["gives string values; floating-point numbers are needed"],
    "return tf.argmax(y, -1)": ["gives int64 values"],
    "return y[:, 0]": ["gives shape [2] for a batch of 2; [2, 10] is needed"],
    "return x + self.head.bias": ["gives shape [2, 8, 8, 10]", "has no Flatten", "--flatten"],
    "return None if training else y": ["the model gives a NoneType here", "are needed"],
    "return y[:, :3] if training else y": ["the model gives float32 [32, 3] here"],
    "return y if tf.reduce_sum(y) > 0 else -y": ["use keras.ops.cond", PLACE],
    "return y + sum(row[0] for row in x[:, 0])": ["use keras.ops.unstack", PLACE],
    "return y + np.log(np.asarray(y) ** 2)": ["use keras.ops", PLACE],
    "return y + y.numpy()": ["stay with tensors", PLACE],
    'raise ValueError("bad\\n\\nthe reason")': ["ValueError: bad the reason", PLACE],
    "raise KeyError(x.shape)": ["KeyError", PLACE],
    "return keras.layers.Dense(3)(y, 5)": ["Only input tensors may be passed", PLACE],
    "sys.exit()": ["calls sys.exit(None); raise an error instead", PLACE],
    "if training: sys.exit('no')\n        return y": ["calls sys.exit('no')", PLACE],
}


def one_line(done, code, *parts):
    lines = done.err.splitlines()
    assert done.code == code, done.err
    assert [line for line in lines if line.startswith("tfapp: ")] == lines[-1:]
    for part in parts:
        assert part in lines[-1]
    assert (done.out, "Traceback" in done.err) == ("", False)


@pytest.fixture
def write():
    """write(name, source): a Python file in the working directory."""

    def make(name, source):
        pathlib.Path(name).write_text(textwrap.dedent(source))

    return make


QUICK = (
    "if training: sys.exit('no')\n        return y",
    "return y if tf.reduce_sum(y) > 0 else -y",
)


def marked(call):
    compiled = "training" in call or call.startswith("return y + ")
    return pytest.param(call, marks=[pytest.mark.slow] * (compiled and call not in QUICK))


@pytest.mark.parametrize("call", map(marked, CALLS))
def test_what_a_model_does(write, run_cli, call):
    write("net.py", NET.format(call=call))
    done = run_cli("--model=net.py:Net", "--steps=2", "--export=none", "--xla=off",
                   "--precision=float32")  # fmt: skip
    one_line(done, 2, *CALLS[call])


MODULES = {  # a file that cannot be imported -> parts of the message
    "import sys\nsys.exit()": ["calls sys.exit(None)", "(own.py:2)"],
    "import sys\nsys.exit(0)": ["calls sys.exit(0)", "(own.py:2)"],
    "\ndef f(:\n": ["SyntaxError: ", "(own.py:2)"],
    "import nowhere": ["No module named 'nowhere'", "(own.py:1)"],
    "from other import Net": ["IndentationError: ", "(other.py:2)"],
    "1 / 0": ["ZeroDivisionError", "(own.py:1)"],
    'raise type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})': ["Odd", "(own.py:1)"],
    'raise RuntimeError("\\n".join("x" * 900) + " the reason")': ["the reason (own.py:1)"],
}


@pytest.mark.parametrize("flag", ["model", "dataset", "task"])
@pytest.mark.parametrize("source", MODULES)
def test_a_module_that_cannot_be_imported(write, run_cli, source, flag):
    write("other.py", "if True:\nx = 1")
    write("own.py", source)
    done = run_cli(f"--{flag}=own.py:Name")
    one_line(done, 2, f"--{flag}=own.py:Name: importing 'own.py' failed: ", *MODULES[source])


DATA = {  # what a data function does -> parts of the message
    "sys.exit()": ["calls sys.exit(None)", "(data.py:9)"],
    'return {"train": ([[1, 2], [3]], [0, 1])}': ["example 0 has (2,), example 1 (1,); pad"],
    'return {"train": ([[[1], [1, 2]]], [0])}': ["x: example 0 is ragged"],
    'return {"train": (tf.ragged.constant([[1, 2], [3]]), [0, 1])}': ["x is a RaggedTensor"],
    'return {"train": (5, y)}': ["x is a int; an array of examples is needed"],
    'return {"train": (None, y)}': ["x is a NoneType"],
    "return {0: (x, y)}": ["unknown split '0'"],
    'return {"train": rows()}': ["split train: example 1000: OSError: gone", "(data.py:13)"],
    'return {"train": (x, (row[1] for row in rows()))}': ["label: example 1000: OSError: gone"],
    'return {"train": iter([1, 2])}': ["gives 2 examples, which are not all (x, y)"],
}
FUNCTION = """
import sys
import numpy as np
import tensorflow as tf

x, y = np.ones((60, 3)), np.arange(60) % 3

def data():
    {body}

def rows():
    for i in range(1500):
        if i == 1000: raise OSError("gone")
        yield [i, 1.0], i % 3
"""


@pytest.mark.parametrize("body", DATA)
def test_what_a_data_function_does(write, run_cli, body):
    write("data.py", FUNCTION.format(body=body))
    one_line(run_cli("--dataset=data.py:data"), 3, "data.py:data", *DATA[body])


TASK = """
import sys
from tfapp.tasks.classification import Classification

class Own(Classification):
    def objective(self, call, batch):
        {body}

    def answers(self, outputs, inputs):
        return super().answers(outputs, inputs)
"""


@pytest.mark.parametrize(
    "body, part",
    [
        ("raise ValueError('no')", "ValueError: no (own.py:7)"),
        ("sys.exit()", "calls sys.exit(None)"),
    ],
)
def test_what_a_task_does(write, run_cli, body, part):
    write("own.py", TASK.format(body=body))
    flags = ("--steps=2", "--xla=off", "--precision=float32", "--export=none")
    one_line(run_cli("--task=own.py:Own", *flags), 2, "tfapp: your code ", part)
