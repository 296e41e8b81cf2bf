"""How activities condition files: what is read and written where, around the pure engine in `shared.conditioning`."""

import os

# polars' allocator keeps what is freed by arena, and has four arenas for each processor. Two of them hold less while
# large files are conditioned, at no cost. Of no effect where polars is loaded already, or somebody has set it before.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:2")
