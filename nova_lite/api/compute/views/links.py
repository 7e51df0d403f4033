"""Links: where a resource is, and where a list goes on."""

from urllib.parse import urlencode


class Links:
    """Makes the links of one request's answer.

    ``self_`` is what "self" links begin with, ``bookmark`` what version-less links do; both carry the project where the
    request's URL does.
    """

    __slots__ = ("bookmark", "self_")

    def __init__(self, req):
        project = req.context.project_id
        inside = f"/{project}" if project and f"/{project}/" in req.environ.get("PATH_INFO", "") else ""
        base = req.base_url
        self.self_ = base + inside
        self.bookmark = base.rpartition("/")[0] + inside

    def of(self, collection, id):
        """The two links of a resource."""
        path = f"/{collection}/{id}"
        return [{"rel": "self", "href": self.self_ + path}, {"rel": "bookmark", "href": self.bookmark + path}]

    def bookmarked(self, collection, id):
        return [{"rel": "bookmark", "href": f"{self.bookmark}/{collection}/{id}"}]

    def following(self, req, collection, items, limit, id_of):
        """``[{"rel": "next"}]`` when the page is full, else None.

        :param limit: how many items a full page has.  :param id_of: the marker of a row.
        """
        if not limit or len(items) < limit:
            return None
        query = sorted({**{name: values[-1] for name, values in req.query.items()}, "marker": id_of(items[-1])}.items())
        return [{"rel": "next", "href": f"{self.self_}/{collection}?{urlencode(query)}"}]
