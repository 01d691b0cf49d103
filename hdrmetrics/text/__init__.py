"""Text for people and files: numbers, plain characters, files that appear whole."""
