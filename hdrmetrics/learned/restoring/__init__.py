"""The network that restores photographs, which also sees what there is to restore."""
