//! What a program may use, as the kernel takes it.

use nix::sys::resource::{Resource as Kernel, getrlimit};
use visor_units::unit::{Limit, Resource, Resources};

use super::spawn::ResourceLimit;

/// The limits of a program. `nofile` is the one on descriptors that it gets if it has none of its own, because the
/// daemon's is not as it was found.
pub(super) fn limits(resources: &Resources, nofile: Option<(u64, u64)>) -> Vec<ResourceLimit> {
    let inherited = nofile.filter(|_| resources.limit(Resource::Nofile).is_none());
    let inherited = inherited.map(|(soft, hard)| (Resource::Nofile, Limit { soft, hard }));
    let own = resources.limits.iter().copied();
    own.chain(inherited).map(|(resource, limit)| kernel_limit(resource, limit)).collect()
}

fn kernel_limit(resource: Resource, limit: Limit) -> ResourceLimit {
    // No limit is the same number in both worlds.
    let value = libc::rlimit64 { rlim_cur: limit.soft, rlim_max: limit.hard };
    ResourceLimit { resource: kernel(resource) as libc::c_int, value }
}

/// What to say of a limit that could not be set: which it was, and how far the daemon may go.
pub(super) fn refusal(number: libc::c_int, resources: &Resources) -> String {
    let known = Resource::ALL.into_iter().map(|(resource, _)| resource);
    let Some(resource) = known.into_iter().find(|r| kernel(*r) as libc::c_int == number) else {
        return format!("limit {number}");
    };
    let limit = resources.limit(resource).map(|limit| format!(" to {limit}")).unwrap_or_default();
    let hard = getrlimit(kernel(resource)).map(|(_, hard)| Limit { soft: hard, hard }.to_string());
    let hard = hard.map(|hard| format!(", where the hard limit is {hard}")).unwrap_or_default();
    format!("{}{limit}{hard}", resource.constant())
}

const fn kernel(resource: Resource) -> Kernel {
    match resource {
        Resource::Nofile => Kernel::RLIMIT_NOFILE,
        Resource::Nproc => Kernel::RLIMIT_NPROC,
        Resource::Core => Kernel::RLIMIT_CORE,
        Resource::Data => Kernel::RLIMIT_DATA,
        Resource::Fsize => Kernel::RLIMIT_FSIZE,
        Resource::Memlock => Kernel::RLIMIT_MEMLOCK,
        Resource::Stack => Kernel::RLIMIT_STACK,
        Resource::As => Kernel::RLIMIT_AS,
        Resource::Rss => Kernel::RLIMIT_RSS,
        Resource::Cpu => Kernel::RLIMIT_CPU,
        Resource::Nice => Kernel::RLIMIT_NICE,
        Resource::Rtprio => Kernel::RLIMIT_RTPRIO,
    }
}
