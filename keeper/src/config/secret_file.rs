//! A file with a secret in it: one that others can read is refused.

use std::path::Path;

use crate::error::{Error, Result};

/// What stands in a file that nobody but its owner can read, or that root gave to one group to read.
pub fn read(path: &Path) -> Result<String> {
    // Opened once: what is judged is what is read.
    let mut file = std::fs::File::open(path).map_err(|error| Error::file(path, error))?;
    refuse_readable_by_others(path, &file)?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut file, &mut text).map_err(|error| Error::file(path, error))?;
    Ok(text)
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path, file: &std::fs::File) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata().map_err(|error| Error::file(path, error))?;
    // Whoever runs this owns what they make.
    let me = std::fs::metadata("/proc/self").map_or_else(|_| found.uid(), |process| process.uid());
    if found.uid() != 0 && found.uid() != me {
        let reason =
            format!("{} belongs to user {}, neither to you nor to root: chown it", path.display(), found.uid());
        return Err(Error::Key(reason));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 && !is_mounted_secret(found.uid(), mode) {
        return Err(Error::Key(format!("{} can be read by others (mode {mode:03o}): chmod 600 {0}", path.display())));
    }
    Ok(())
}

/// Whether root gave this file to one group, to read and nothing else: so kubelet mounts a secret for a pod's `fsGroup`, and so the
/// list of who may read a credential shows where systemd mounts it.
#[cfg(unix)]
const fn is_mounted_secret(owner: u32, mode: u32) -> bool {
    owner == 0 && mode == 0o440
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &Path, _: &std::fs::File) -> Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_mounted_secret;

    #[test]
    fn a_secret_that_root_gave_to_one_group_is_no_open_file_and_any_other_is() {
        assert!(is_mounted_secret(0, 0o440));
        for (owner, mode) in [(1000, 0o440), (0, 0o444), (0, 0o640), (0, 0o460), (0, 0o441), (0, 0o644)] {
            assert!(!is_mounted_secret(owner, mode), "{owner} {mode:o}");
        }
    }
}
