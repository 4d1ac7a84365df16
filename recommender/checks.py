"""System checks of the recommender."""
