"""The only wiring: data -> experiment -> calibration -> training run.

names.check_names   what needs no data
prepare.prepare     open, hold out, fit, encode           -> Data
assemble.assemble   task, engine, model, choice, state    -> Experiment, complete and frozen
training_run        resume, train, evaluate, export       -> Result
"""
