use super::Failure;
use crate::aws::lock::DirectoryLock;
use crate::instance::key;
use clap::Args;
use platform::settings::variable;
use std::path::PathBuf;

/// Makes a new key for secrets.
#[derive(Debug, Args)]
#[command(after_help = "Nothing may run on the directory meanwhile. The older keys stay in the file, so that what was
sealed with them can still be opened.")]
pub struct RotateKey {
    /// The directory of the state, and of the key.
    #[arg(long, default_value = ".ringback")]
    data: PathBuf,
}

impl RotateKey {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if variable("RINGBACK_KEY").is_some() {
            return Err(
                "the key comes from RINGBACK_KEY: put a new one in front of it there, separated by a comma".into()
            );
        }
        let shown = self.data.display();
        if !self.data.is_dir() {
            return Err(format!("there is no directory {shown}: name the one of `emulator up` with --data").into());
        }
        let lock = DirectoryLock::acquire(&self.data).map_err(|error| format!("{shown} can't be locked: {error}"))?;
        let Some(_lock) = lock else {
            return Err(format!("{shown} is in use by an emulator: stop it first").into());
        };
        let keys = key::rotate(&self.data)?;
        let mut ids = keys.ids();
        let current = ids.next().map(ToString::to_string).unwrap_or_default();
        let older: Vec<String> = ids.map(ToString::to_string).collect();
        println!("The current key is now {current}; older ones, which only open: {}", older.join(", "));
        Ok(())
    }
}
