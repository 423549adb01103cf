"""The work that people pay for. A kind is one module: `request` now, in the web process; `run` later, in the worker."""
