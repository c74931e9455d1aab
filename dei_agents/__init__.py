"""DEI: peer nodes with different mutation operators that exchange champions without waiting."""
