"""MP4 and QuickTime files, read and written by their boxes: the index alone is read, and samples are moved whole.

`index.read` tells where every sample of a file lies and when it is shown; `write.write` makes a file out of samples
that lie in other files. Source: ISO/IEC 14496-12, cutting.md sections 3 and 4.
"""
