//! Who a program runs as.

use std::path::Path;

/// Where users are (<https://man7.org/linux/man-pages/man5/passwd.5.html>).
const USERS: &str = "/etc/passwd";

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Number.
    pub id: u32,
    /// Its first group.
    pub group: u32,
    /// Its home directory.
    pub home: String,
}

/// The user of that name or number, if this process may start programs as them.
///
/// # Errors
/// In words: there is no such user, or only root may.
pub fn find(wanted: &str) -> Result<User, String> {
    let users = std::fs::read_to_string(Path::new(USERS)).map_err(|error| format!("{USERS}: {error}"))?;
    let user = among(&users, wanted).ok_or_else(|| format!("this machine has no user `{wanted}`"))?;
    let we = rustix::process::geteuid();
    if we.is_root() || we.as_raw() == user.id {
        Ok(user)
    } else {
        Err(format!("only a worker that runs as root can run a program as `{wanted}`"))
    }
}

fn among(users: &str, wanted: &str) -> Option<User> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        if name != wanted && id != wanted {
            return None;
        }
        let (group, home) = (fields.next()?.parse().ok()?, fields.nth(1)?.to_owned());
        Some(User { name: name.to_owned(), id: id.parse().ok()?, group, home })
    })
}

#[cfg(test)]
mod tests {
    use super::{User, among, find};

    #[test]
    fn users_are_found_by_name_or_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\ndeploy:x:1001:1002:,,,:/home/deploy:/bin/sh\n";
        let deploy = User { name: "deploy".to_owned(), id: 1001, group: 1002, home: "/home/deploy".to_owned() };
        assert_eq!(among(users, "deploy"), Some(deploy.clone()));
        assert_eq!(among(users, "1001"), Some(deploy));
        assert_eq!(among(users, "dep"), None);
        assert_eq!(find("no-such-user"), Err("this machine has no user `no-such-user`".to_owned()));
    }
}
