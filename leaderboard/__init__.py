"""The leaderboard: takes submissions, re-simulates them, and ranks them."""
