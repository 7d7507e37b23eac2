"""A schema in, validated data out: `read(answer, parse("name, age int", {})).data`.

`parse` says what a user means, `instructions` what the model is told, `read` what its answer
holds, `repair` what it is told when that does not fit. Knows nothing of notebooks and networks.
"""

from __future__ import annotations

from .answer import read as read
from .ask import instructions as instructions
from .ask import repair as repair
from .frame import to_frame as to_frame
from .nouns import Read as Read
from .nouns import Schema as Schema
from .spec import of as of
from .spec import parse as parse
