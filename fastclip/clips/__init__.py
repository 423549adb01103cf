"""The work that people pay for. Each kind is one module: `request` now, in the web process; `run` later, in the worker."""
