"""What requests about usage may say."""

from nova_lite.api.compute.schemas.types import ANY, PAGING, query
from nova_lite.api.wsgi.validation import Since


def _span(**more):
    more |= {"start": ANY, "end": ANY}
    return Since({"2.1": query(**more), "2.40": query(**more, **PAGING),
                  "2.75": query(extra=False, **more, **PAGING)})


LIST, SHOW = _span(detailed=ANY), _span()
