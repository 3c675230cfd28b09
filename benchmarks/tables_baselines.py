"""scikit-learn's gradient boosting and linear model on a table, with their defaults."""

import pathlib

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

_MOST_CATEGORIES = 255  # that the trees split on as categories


def scores(folder, label, *, classes):
    """{"boosting": score, "linear": score} on test.csv of models fitted on train.csv.

    Args:
      folder: holds both files.
      label: the column to predict.
      classes: whether its values are classes; the score is the log loss, or else the root mean
        squared error.
    """
    train, test = (pd.read_csv(pathlib.Path(folder) / f"{name}.csv") for name in ("train", "test"))
    train, test = (part.dropna(subset=[label]) for part in (train, test))
    x = train.drop(columns=label)
    found = {}
    for name, model in _models(x, classes).items():
        model.fit(x, train[label])
        if classes:
            given = model.predict_proba(test.drop(columns=label))
            found[name] = log_loss(test[label], given, labels=model.classes_)
        else:
            given = model.predict(test.drop(columns=label))
            found[name] = root_mean_squared_error(test[label], given)
    return found


def _models(x, classes):
    words = [name for name in x if not pd.api.types.is_numeric_dtype(x[name])]
    numbers = [name for name in x if name not in words]
    few = [i for i, name in enumerate(words) if x[name].nunique() <= _MOST_CATEGORIES]
    nothing = float("nan")
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=nothing, encoded_missing_value=nothing
    )
    trees = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    linear = LogisticRegression(max_iter=2000) if classes else RidgeCV()
    scaled = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
    return {
        "boosting": make_pipeline(
            make_column_transformer((ordinal, words), remainder="passthrough"),
            trees(random_state=0, categorical_features=few or None),
        ),
        "linear": make_pipeline(
            make_column_transformer((scaled, numbers), (one_hot, words)), linear
        ),
    }
