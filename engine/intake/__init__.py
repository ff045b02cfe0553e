"""What other systems may send us, in our own vocabulary: read, and described to them."""
