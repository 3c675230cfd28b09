"""--mode=inspect: what a data set holds."""
