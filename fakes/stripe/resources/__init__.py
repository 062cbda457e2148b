"""One resource a module; each has its ROUTES."""
