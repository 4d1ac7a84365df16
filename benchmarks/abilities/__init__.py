"""What a model can do beside ranking: calibration, unseen tags, chosen tags, explanations, determinism."""
