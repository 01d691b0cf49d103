"""From a scene to what is labelled: windows, calibration, crops."""
