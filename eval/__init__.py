"""The evaluation suite: archives, held-out generality, quality-diversity figures, reports."""
