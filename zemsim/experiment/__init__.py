"""Experiments: the file, its checks, the runner, the run folder, and paired comparison."""
