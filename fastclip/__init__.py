"""FastClip: trim, clip, caption and analyse video and audio on your own machine."""

import os

# Set before any import that reads them: nothing in this program reports home (backend-spec, "Privacy").
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
