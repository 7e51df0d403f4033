"""Images: where they are kept, how large they may be, and how hosts fetch and cache them."""

from oslo_config import cfg

GROUP = "image"
OPTS = (
    cfg.StrOpt("backend", default="embedded",
               help="Which image service this cloud uses: embedded, nova_lite's own, or a name under which an "
                    "installed package has an entry point of the group nova_lite.image_backends."),
    cfg.StrOpt("store_dir", sample_default="<state_dir>/images",
               help="Directory that keeps the files of images. All API processes must see the same one."),
    cfg.IntOpt("max_size", default=1 << 40, min=1,
               help="Largest image file that is accepted, in bytes."),
    cfg.ListOpt("disk_formats", default=["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso",
                                         "ploop"],
                help="Disk formats that images may be registered in. Servers boot from qcow2, raw and iso."),
    cfg.ListOpt("container_formats", default=["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"],
                help="Container formats that images may be registered in."),
    cfg.IntOpt("max_properties", default=128, min=-1,
               help="Properties of its own that one image may have. -1 means no limit."),
    cfg.IntOpt("max_tags", default=128, min=-1, help="Tags that one image may have. -1 means no limit."),
    cfg.IntOpt("max_members", default=128, min=-1,
               help="Projects that one image may be shared with. -1 means no limit."),
    cfg.IntOpt("quota_image_count_total", default=1000, min=-1,
               help="Images that one project may have. -1 means no limit."),
    cfg.IntOpt("quota_image_size_total", default=1 << 20, min=-1,
               help="MiB that all images of one project may take together. -1 means no limit."),
    cfg.IntOpt("quota_image_count_uploading", default=32, min=-1,
               help="Uploads of images that one project may have under way at once, snapshots of servers among them. "
                    "-1 means no limit."),
    cfg.IntOpt("page_size", default=25, min=1, help="Images on one page of a list when the client asks for no limit."),
    cfg.IntOpt("max_page_size", default=1000, min=1, help="Most images on one page of a list."),
    cfg.IntOpt("reserved_mb", default=512, min=0,
               help="MiB that stay free on the disks of the image store and of hosts' caches."),
    cfg.StrOpt("url", sample_default="http://<my_ip>:<[api] port>/image",
               help="Base URL of the image API as hosts reach it when they do not share the store's disk."),
    cfg.StrOpt("cache_dir", sample_default="<state_dir>/cache/images",
               help="Directory in which a host keeps the images that its servers were made from."),
    cfg.IntOpt("cache_min_age", default=86400, min=0,
               help="Seconds that an image stays in a host's cache after its last use."),
    cfg.IntOpt("sweep_interval", default=15, min=1,
               help="Seconds between two looks of an API process for uploads that a dead process left half done, which "
                    "may then be repeated, and for files of images that are deleted."),
    cfg.IntOpt("quarantine_days", default=30, min=0,
               help="Days after which nova-lite-manage image purge-quarantine removes a file of the image store of "
                    "which the database did not know. Nothing else ever removes one."),
    cfg.IntOpt("download_attempts", default=3, min=1, help="How often a host tries to download an image."),
    cfg.IntOpt("download_idle_timeout", default=60, min=1,
               help="Seconds without a byte after which a download is tried again."),
)
