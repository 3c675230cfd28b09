"""The seed network on the digits: what auto stands for where nothing else is asked for."""

AUTO = ("auto", ("auto",))  # in place of a value, and of a list of them
SEED = {
    "model": "mlp",
    "epochs": 50,
    "batch_size": 32,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "schedule": "constant",
    "warmup_steps": "0",
    "weight_decay": 0.0,
    "clip_norm": 0.0,
    "label_smoothing": 0.0,
    "early_stopping": 0,
    "evaluate_every": "1e",
    "export_weights": "best",
    "augment": (),
}
