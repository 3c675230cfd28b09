"""How TFRecord files are indexed and their tf.Examples read in any order."""
