"""What learned scores should doubt: pictures of the wrong kind, and how sure a score is."""
