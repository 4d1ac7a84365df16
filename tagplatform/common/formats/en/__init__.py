"""English dates as British readers write them."""
