"""The speech and language engines. They know sound, words and files; neither rows nor web nor queue.

What their libraries would tell others is off before any of them is imported (desktop.md 2.4: onnxruntime keeps a
device id and sends telemetry otherwise).
"""

import os

os.environ.update(ORT_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
