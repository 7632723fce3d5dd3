"""What a change between two effective specifications means for users of the generated client.

`document` compares specifications, `python_view` generated packages; `release` draws the version
step and a draft of the changelog from both, `report` shows them. `rules` is the table of ids,
levels and meanings; it says which version of oasdiff they follow.
"""

from pipeline.difference.document import differences
from pipeline.difference.model import MISSING, Difference, Level, Step

__all__ = ("MISSING", "Difference", "Level", "Step", "differences")
