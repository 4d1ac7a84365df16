"""Our recipes and their peers on the same data sets: same split, same scorer, costs measured alike (`make bench`)."""
