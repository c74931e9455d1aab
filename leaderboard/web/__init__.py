"""The web page of a board, and the same as JSON."""
