"""The target `jax`: pure functions of parameters and inputs."""
