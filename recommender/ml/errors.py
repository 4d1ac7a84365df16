"""What can go wrong in the machine learning, each error saying what to do about it."""


class MLError(Exception):
    """Root of every error that this package raises on purpose."""


class NotEnoughExamples(MLError):
    """Too few labelled examples to train on: import or tag more documents first."""


class RecipeUnknown(MLError):
    """No recipe of that name is registered: choose one of those that the message lists."""


class ConfigInvalid(MLError):
    """A setting is unknown or out of range: the message names it."""


class ParentUnfit(MLError):
    """A model cannot be updated to what is wanted, as the message says: train in full."""


class VectorsFailed(MLError):
    """The fastText process ended without vectors: its own last words are in the message."""


class BundleError(MLError):
    """Root of everything wrong with a bundle on disk."""


class BundleMissing(BundleError):
    """No bundle stands at the path: train one, or point at another directory."""


class BundleExists(BundleError):
    """The target is already there and bundles are never overwritten: choose a new directory."""


class BundleCorrupt(BundleError):
    """A file is missing, damaged or altered: restore it from a copy, or train again."""


class BundleVersionUnsupported(BundleError):
    """Written by another format version: upgrade the platform, or train again."""


class BundleUnwritable(BundleError):
    """The disk refused the bundle, and nothing of it stayed: free space, then try again."""


class DataMissing(MLError):
    """A file that is needed is neither named nor in the folder: the message says which and how to name it."""


class RowInvalid(MLError):
    """A line of an input file cannot be read: the message names file, line and reason."""
