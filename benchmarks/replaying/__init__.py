"""The replay: a dated data set plays itself through the platform, with simulated editors and real retraining."""
