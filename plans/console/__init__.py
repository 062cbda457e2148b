"""The operator's pages of the catalogue, of prices, and of what is granted to one workspace."""
