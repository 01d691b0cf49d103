"""Where references come from: files, panoramas, made scenes; which of them belong together."""
