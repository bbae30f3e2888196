"""Any kernel read as a motif, with the constant that lies between them."""
