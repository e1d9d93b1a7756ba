use super::{Failure, output};
use application::reseal::reseal;
use clap::Args;
use instance::key;
use local_aws::lock::DirectoryLock;
use local_aws::{Aws, AwsOptions, format};
use platform::clock::{Clock, SystemClock};
use platform::environment::Environment;
use platform::secret::KeyRing;
use platform::settings::Settings;
use platform::store::Store;
use std::path::{Path, PathBuf};

/// Makes a new key for secrets, and seals them anew with it.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing may run on the directory meanwhile. The older keys stay in the file unless --drop-older is
given: copies of the state that were made before can only be opened with them."
)]
pub struct RotateKey {
    /// The directory of the state, and of the key.
    #[arg(long, default_value = ".ringback")]
    data: PathBuf,
    /// Forget the older keys once every secret is sealed with the new one.
    #[arg(long)]
    drop_older: bool,
}

impl RotateKey {
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        if environment.text("RINGBACK_KEY").is_some() {
            return Err(
                "the key comes from RINGBACK_KEY: put a new one in front of it there, separated by a comma".into()
            );
        }
        let shown = self.data.display();
        if !self.data.is_dir() {
            return Err(format!("there is no directory {shown}: name the one of `emulator up` with --data").into());
        }
        format::check(&self.data)?;
        let keys = {
            let lock =
                DirectoryLock::acquire(&self.data).map_err(|error| format!("{shown} can't be locked: {error}"))?;
            let Some(_lock) = lock else {
                return Err(format!("{shown} is in use by an emulator: stop it first").into());
            };
            key::rotate(&self.data)?
        };
        let mut ids = keys.ids();
        let current = ids.next().map(ToString::to_string).unwrap_or_default();
        let older: Vec<String> = ids.map(ToString::to_string).collect();
        // Nobody who listens, or not, may keep it from being finished.
        let say = |text: String| drop(output::say(text));
        say(format!("The current key is now {current}; older ones, which only open: {}", older.join(", ")));
        let resealed = seal_anew(&self.data, &keys).await?;
        say(format!("Secrets that are sealed with it now: {resealed}"));
        if self.drop_older {
            key::drop_older(&self.data)?;
            say("The older keys are forgotten.".to_owned());
        }
        Ok(())
    }
}

/// Repeating it is safe, so a crash in the middle does no harm: all keys are in the file until the end.
async fn seal_anew(data: &Path, keys: &KeyRing) -> Result<usize, Failure> {
    let settings = Settings { shards: 1, ..Settings::default() };
    let aws = Aws::open(AwsOptions { data: Some(data.to_owned()), ..AwsOptions::in_memory(&settings.table) })?;
    let store = Store::new(aws.dynamodb(), settings.table.clone(), settings.shards, settings.retention);
    Ok(reseal(&store, keys, SystemClock.now()).await?)
}
