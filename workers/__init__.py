"""What happens after the commit: sequencing, hints and projecting."""
