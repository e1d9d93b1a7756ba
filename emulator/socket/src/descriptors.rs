//! How many connections the process has descriptors for.

/// The connections that may be open at once, at most `wanted`: half of the descriptors, since the table, outbound calls,
/// programs and tunnels need some too.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit};
    of_descriptors(getrlimit(Resource::Nofile).current, wanted)
}

#[cfg(not(unix))]
pub(super) fn connections(wanted: usize) -> usize {
    wanted
}

#[cfg(unix)]
fn of_descriptors(descriptors: Option<u64>, wanted: usize) -> usize {
    let half = descriptors.map_or(usize::MAX, |count| usize::try_from(count / 2).unwrap_or(usize::MAX));
    wanted.min(half).max(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::of_descriptors;

    #[test]
    fn half_of_the_descriptors_are_for_connections() {
        let cases = [
            (Some(128), 4096, 64),
            (Some(1024), 4096, 512),
            (Some(1 << 20), 4096, 4096),
            (None, 10, 10),
            (Some(1), 10, 1),
        ];
        for (descriptors, wanted, expected) in cases {
            assert_eq!(of_descriptors(descriptors, wanted), expected, "{descriptors:?} {wanted}");
        }
    }
}
