"""Which names the columns of a file without a header have."""

import pytest

from tfapp.data.tables.reading import Reading
from tfapp.errors import DataError


@pytest.mark.parametrize("label, others", [("b", ("a", "c")), ("a,c", ("b",)), ("a, b", ("c",))])
def test_a_file_to_predict_may_lack_the_label(label, others):
    reading = Reading(names=("a", "b", "c"), label=label)
    assert reading.names_of(3, "in.csv") == ("a", "b", "c")
    assert reading.names_of(len(others), "in.csv") == others


def test_another_number_of_columns_is_refused():
    with pytest.raises(DataError, match="has 4 columns and no header"):
        Reading(names=("a", "b", "c"), label="a,c").names_of(4, "in.csv")
