"""Stories about every room, told on real servers."""
