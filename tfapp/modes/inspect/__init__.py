"""--mode=inspect: what tfapp sees in a data set."""
