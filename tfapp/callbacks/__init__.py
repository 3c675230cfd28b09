"""What happens between steps. Each is a callable that takes a `tfapp.training.moment.Moment`."""
