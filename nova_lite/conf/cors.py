"""Which web pages may use the APIs from a browser (Cross-Origin Resource Sharing), by oslo.middleware's names."""

from oslo_config import cfg

GROUP = "cors"
OPTS = (
    cfg.ListOpt("allowed_origin", default=[],
                help="Origins whose pages may ask these APIs from a browser, as scheme://host[:port] without a slash "
                     "at the end, such as https://dashboard.example.org; * means any. Uploads of images from a "
                     "dashboard need its origin here. Empty: none."),
    cfg.BoolOpt("allow_credentials", default=True,
                help="Let browsers send cookies and certificates along. Tokens travel in a header, whatever stands "
                     "here."),
    cfg.ListOpt("expose_headers",
                default=["X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-Openstack-Request-Id",
                         "X-Compute-Request-Id", "OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Location",
                         "Retry-After", "Content-MD5", "Content-Range", "Idempotent-Replayed"],
                help="Headers of answers that pages may read."),
    cfg.IntOpt("max_age", default=3600, min=0,
               help="Seconds for which a browser remembers what it may send."),
    cfg.ListOpt("allow_methods", default=["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"],
                help="Methods that pages may use."),
    cfg.ListOpt("allow_headers",
                default=["X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-Openstack-Request-Id",
                         "OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "X-Project-Id", "X-Project-Name",
                         "X-Project-Domain-Id", "X-Project-Domain-Name", "X-Domain-Id", "X-Domain-Name", "X-User-Id",
                         "X-Roles", "Content-MD5", "Accept-Encoding", "If-Match", "Range", "Idempotency-Key"],
                help="Headers that pages may send."),
)
