"""The peers, one module each: `train` writes a model into a folder, `open_model` gives the function that ranks.

Each module imports its library inside its functions or runs in the environment that has it; settings are the
published defaults, the same on every data set.
"""
