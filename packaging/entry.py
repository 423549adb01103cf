"""Where the frozen app begins: the command line, or one of the children that `media.ffmpeg.child` starts."""

import multiprocessing
import runpy
import sys

CHILDREN = dict.fromkeys(("edges", "frames", "index", "packets", "probe", "typeface"), "media")
CHILDREN |= {"recogniser": "ai", "chooser": "ai"}

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if sys.argv[1:2] and sys.argv[1] in CHILDREN:
        role = sys.argv.pop(1)
        runpy.run_module(f"fastclip.{CHILDREN[role]}.{role}", run_name="__main__")
    else:
        from fastclip.cli import main

        sys.exit(main())
