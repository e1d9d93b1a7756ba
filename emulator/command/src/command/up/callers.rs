//! What `emulator up` lets callers take.

use clap::Args;
use socket::Limits;
use std::time::Duration;

/// What the callers of the sockets may take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct Callers {
    /// How long a connection lives on which no request is under way, at least 1s; longer than clients and proxies keep
    /// theirs (AWS's load balancers and nginx 60 s, Go's and reqwest's clients 90 s).
    #[arg(long, env = "RINGBACK_IDLE_TIMEOUT", value_parser = idle, default_value = "120s", value_name = "DURATION")]
    idle_timeout: Duration,
    /// Connections at once, of all sockets together; at most half of the process's file descriptors, whatever this says.
    /// Beyond it, idle connections are closed first.
    #[arg(
        long, env = "RINGBACK_MAX_CONNECTIONS", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 4096,
        value_name = "CONNECTIONS"
    )]
    max_connections: u32,
}

impl Callers {
    pub(super) fn limits(&self) -> Limits {
        let connections = usize::try_from(self.max_connections).unwrap_or(usize::MAX);
        Limits { idle: self.idle_timeout, connections, ..Limits::default() }
    }
}

fn idle(text: &str) -> Result<Duration, String> {
    let idle = domain::config::duration::parse(text).map_err(|error| error.to_string())?;
    if idle < Duration::from_secs(1) {
        return Err("must be at least 1s".to_owned());
    }
    Ok(idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        callers: Callers,
    }

    fn limits(arguments: &[&str]) -> Result<Limits, String> {
        let all = [&["up"], arguments].concat();
        Command::try_parse_from(all).map(|command| command.callers.limits()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_as_the_socket_has_it() {
        assert_eq!(limits(&[]), Ok(Limits::default()));
        let set = limits(&["--idle-timeout", "5m", "--max-connections", "10"]).unwrap();
        assert_eq!((set.idle.as_secs(), set.connections), (300, 10));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [["--idle-timeout", "0s"], ["--idle-timeout", "soon"], ["--max-connections", "0"]] {
            assert!(limits(&wrong).is_err(), "{wrong:?}");
        }
    }
}
