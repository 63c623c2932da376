"""Checks: gradients, scores, calibration, and the attribution of an answer to its inputs."""
