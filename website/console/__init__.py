"""The operator's pages of legal texts and articles."""
