"""What a person knows about the colours: hints, a palette, a reference photograph."""
