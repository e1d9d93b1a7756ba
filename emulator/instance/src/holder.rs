//! Who holds a port: told where the system tells, which is Linux, for processes that we may look into.

use std::fmt;
use std::path::Path;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its command's name.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, process {}", self.name, self.pid)
    }
}

/// The process that listens on a TCP port, if it can be found out.
pub(super) fn of_port(port: u16) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let sockets: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        holds(&process.path(), &sockets).then(|| {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            Holder { pid, name: name.trim().to_owned() }
        })
    })
}

/// The inodes of sockets that listen on a port, from the kernel's table: fields are separated by blanks; the second is the
/// local address as `<hexadecimal>:<port in hexadecimal>`, the fourth the state, `0A` for listening, the tenth the inode
/// (<https://docs.kernel.org/networking/proc_net_tcp.html>).
fn listening(table: &str, port: u16) -> Vec<String> {
    let inode = |line: &str| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let of = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        (of == port && state == "0A").then(|| inode.to_owned())
    };
    table.lines().skip(1).filter_map(inode).collect()
}

fn holds(process: &Path, sockets: &[String]) -> bool {
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        let target = std::fs::read_link(descriptor.path());
        target.is_ok_and(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::listening;

    /// Two lines of a kernel's table: one socket listens on port 8080, another has a connection from it.
    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 70901 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D6B4 01 00000000:00000000 00:00000000 00000000     0        0 70999 1 0000000000000000 20 4 30 10 -1";

    #[test]
    fn only_who_listens_holds_the_port() {
        assert_eq!(listening(TABLE, 8080), ["70901"]);
        assert!(listening(TABLE, 8081).is_empty());
        assert!(listening("", 8080).is_empty());
    }
}
