"""What the page tells about a model: a sentence below its name, and its card's facts."""

from tfapp.serving.page.escaped import name, sentence


def subtitle(card):
    """What is predicted from what."""
    inputs, model, label = card["inputs"], card["model"], card["label"]
    source = f"{len(inputs):,} columns" if len(inputs) > 1 else name(inputs[0]["name"])
    what = (
        f"the next token of <strong>{source}</strong>"
        if label["kind"] == "tokens"
        else f"<strong>{name(label['name'])}</strong> from {source}"
    )
    return f"Predicts {what}. {name(model['name'])}, {model['parameters']:,} parameters."


def about(card):
    """Metrics, data, use and limits."""
    data, metrics = card["data"], card["metrics"]
    counts = ", ".join(f"{count:,} {name(split)}" for split, count in data["examples"].items())
    rows = "".join(_row(metric, metrics) for metric in metrics["test"])
    limits = "".join(f"<li>{sentence(limit)}</li>" for limit in card["limits"])
    return (
        '<table><caption>Measured on the test split</caption><thead><tr><th scope="col">metric'
        '</th><th scope="col">test</th><th scope="col">95% interval</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f"<p>Data: {name(data['name'])}, {counts} examples.</p>"
        f"<p>{sentence(card['intended_use'])}</p><ul>{limits}</ul>"
    )


def _row(metric, metrics):
    interval = " to ".join(map(_number, metrics["intervals"].get(metric, ())))
    value = _number(metrics["test"][metric])
    return f'<tr><th scope="row">{name(metric)}</th><td>{value}</td><td>{interval}</td></tr>'


def _number(value):
    return "" if value is None else f"{value:.4g}"
