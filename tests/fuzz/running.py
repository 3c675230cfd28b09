"""Runs a family of fuzz cases: every case returns, or is refused in one line."""

import collections

from hypothesis import HealthCheck, Phase, given, settings

from tfapp.errors import TfappError

EXECUTIONS = collections.Counter()  # by family
REFUSED = collections.Counter()
_LONGEST = 2000  # characters of a message that people read


def survives(name, function, *arguments):
    """Calls the function, which may raise a TfappError that a user can act on. Returns it."""
    EXECUTIONS[name] += 1
    try:
        function(*arguments)
    except TfappError as error:
        REFUSED[name] += 1
        message = str(error)
        assert message and "\n" not in message, message
        assert len(message) <= _LONGEST, message[:_LONGEST]
        assert error.exit_code != 1, f"an internal error: {message}"
        return error
    return None


def run(name, strategy, body, count):
    """`body(case)` for `count` cases of the strategy, the same ones each time."""

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(strategy)
    def cases(case):
        survives(name, body, case)

    cases()
