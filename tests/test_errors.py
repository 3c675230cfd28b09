"""Each error that a user can cause has its own exit code and a message of one line."""

from tfapp import errors


def kinds():
    return errors.TfappError.__subclasses__()


def test_exit_codes_are_unique_and_documented():
    codes = {kind.__name__: kind.exit_code for kind in kinds()}
    assert codes == {
        "UsageError": 2,
        "DataError": 3,
        "DivergedError": 4,
        "DeviceError": 5,
        "StorageError": 6,
        "ProcessLost": 75,
        "Stopped": 143,
    }


def test_each_exit_code_has_its_own_meaning():
    meanings = errors.exit_codes()
    assert list(meanings) == [0, 1, *(kind.exit_code for kind in kinds())]
    assert len(set(meanings.values())) == len(meanings)


def test_messages_are_one_line():
    for kind in kinds():
        assert str(kind("first\nsecond\r\nthird\u2028last")) == "first second third last"
        assert str(kind("\x1b[1mbold\x1b[0m")) == "\\x1b[1mbold\\x1b[0m"
