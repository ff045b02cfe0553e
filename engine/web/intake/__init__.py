"""What other systems send us: let in, read, kept, and only then answered."""
