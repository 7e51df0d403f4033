"""How servers find their hosts."""

from oslo_config import cfg, types

GROUP = "scheduler"
#: What may be enabled; the last three change nothing, as Nova's configurations have them.
FILTERS = ("ComputeFilter", "ComputeCapabilitiesFilter", "ImagePropertiesFilter", "ServerGroupAntiAffinityFilter",
           "ServerGroupAffinityFilter", "SameHostFilter", "DifferentHostFilter", "JsonFilter",
           "SimpleCIDRAffinityFilter", "IsolatedHostsFilter", "IoOpsFilter", "AggregateIoOpsFilter",
           "NumInstancesFilter", "AggregateNumInstancesFilter", "AggregateInstanceExtraSpecsFilter",
           "AggregateTypeAffinityFilter", "AggregateMultiTenancyIsolation", "AggregateImagePropertiesIsolation",
           "AggregateCoreFilter", "AggregateRamFilter", "AggregateDiskFilter", "RetryFilter", "AvailabilityZoneFilter",
           "AllHostsFilter")


def _multiplier(name, default, text):
    return cfg.FloatOpt(f"{name}_weight_multiplier", default=default,
                        help=f"{text} Aggregates may set another multiplier for their hosts by metadata of this name.")


OPTS = (
    cfg.ListOpt("enabled_filters", item_type=types.String(choices=FILTERS),
                default=["ComputeFilter", "ComputeCapabilitiesFilter", "ImagePropertiesFilter",
                         "ServerGroupAntiAffinityFilter", "ServerGroupAffinityFilter", "SameHostFilter",
                         "DifferentHostFilter"],
                help="Filters that hosts must pass, in this order; explanations name the first that refuses a host. "
                     "Others: JsonFilter, SimpleCIDRAffinityFilter, IsolatedHostsFilter, IoOpsFilter, "
                     "AggregateIoOpsFilter, NumInstancesFilter, AggregateNumInstancesFilter, "
                     "AggregateInstanceExtraSpecsFilter, AggregateTypeAffinityFilter, AggregateMultiTenancyIsolation, "
                     "AggregateImagePropertiesIsolation; and AggregateCoreFilter, AggregateRamFilter and "
                     "AggregateDiskFilter, which let the aggregates' metadata cpu_allocation_ratio, "
                     "ram_allocation_ratio and disk_allocation_ratio take the place of the options. Disabled hosts, "
                     "availability zones, traits and free capacity are checked whatever is listed here."),
    cfg.FloatOpt("cpu_allocation_ratio", default=16.0, min=0.1,
                 help="Virtual CPUs given away for each CPU of a host."),
    cfg.FloatOpt("ram_allocation_ratio", default=1.0, min=0.1,
                 help="Memory given away, as a multiple of a host's memory less reserved_host_memory_mb."),
    cfg.FloatOpt("disk_allocation_ratio", default=1.0, min=0.1,
                 help="Disk given away, as a multiple of the space below the state directory. Disks of guests grow as "
                      "they are written, so more than 1.0 is possible, and full disks then too."),
    cfg.IntOpt("reserved_host_memory_mb", default=512, min=0,
               help="MiB of each host's memory that guests never get."),
    cfg.StrOpt("default_availability_zone", default="nova",
               help="The availability zone that hosts are in unless an aggregate says otherwise."),
    cfg.IntOpt("max_io_ops_per_host", default=8, min=0,
               help="For IoOpsFilter: a host gets no server while it builds, moves or copies so many."),
    cfg.IntOpt("max_instances_per_host", default=50, min=1,
               help="For NumInstancesFilter: servers that a host has at most."),
    cfg.ListOpt("isolated_images", default=[],
                help="For IsolatedHostsFilter: ids of images that only the hosts in isolated_hosts may run."),
    cfg.ListOpt("isolated_hosts", default=[],
                help="For IsolatedHostsFilter: names of hosts that are kept for the images in isolated_images."),
    cfg.BoolOpt("restrict_isolated_hosts_to_isolated_images", default=True,
                help="For IsolatedHostsFilter: isolated hosts run nothing else."),
    cfg.StrOpt("aggregate_image_properties_isolation_namespace",
               help="For AggregateImagePropertiesIsolation: the word that metadata of aggregates begins with where it "
                    "is meant to be compared with images. Unset, all of it is."),
    cfg.StrOpt("aggregate_image_properties_isolation_separator", default=".",
               help="What stands between that word and the rest."),
    cfg.StrOpt("image_properties_default_architecture",
               help="For ImagePropertiesFilter: the architecture of images that do not say theirs (hw_architecture), "
                    "for instance x86_64. Unset, such images run anywhere."),
    _multiplier("ram", 1.0, "How much free memory makes a host better; negative fills hosts up one by one."),
    _multiplier("cpu", 1.0, "How much free virtual CPUs make a host better; negative fills hosts up one by one."),
    _multiplier("disk", 1.0, "How much free disk makes a host better; negative fills hosts up one by one."),
    _multiplier("io_ops", -1.0, "How much servers being built, moved or copied make a host better; negative: worse."),
    _multiplier("num_instances", 0.0, "How much its servers make a host better; negative: worse."),
    _multiplier("build_failure", 1000000.0, "How much builds that failed on a host, since one went well there, make it "
                                            "worse. So large, it outweighs all else; 0 forgives them."),
    _multiplier("hypervisor_version", 1.0, "How much a newer hypervisor makes a host better; negative: worse."),
    _multiplier("soft_affinity", 1.0, "How much servers of the same group draw others of it, under soft-affinity."),
    _multiplier("soft_anti_affinity", 1.0, "How much servers of the same group keep others of it away, under "
                                           "soft-anti-affinity."),
    cfg.IntOpt("host_subset_size", default=1, min=1,
               help="Choose by chance among so many of the best hosts. More than 1 keeps many schedulers from all "
                    "choosing the same host at once, at the price of slightly worse choices."),
    cfg.BoolOpt("shuffle_best_same_weighed_hosts", default=False,
                help="Choose by chance among hosts that are equally good; otherwise the first by name is taken."),
    cfg.IntOpt("explained_hosts", default=100, min=1,
               help="Hosts that the recorded explanation of a decision names at most (nova-lite explain); of the "
                    "others it keeps how many there were and why they were refused."),
)
