"""Every metric of the package, one file each, which registers it by name."""
