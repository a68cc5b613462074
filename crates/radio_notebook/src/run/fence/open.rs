//! What may be read, given what may not: Landlock knows rules that allow, and none that forbid.

use std::path::{Path, PathBuf};

/// The files and folders that make up all of `root` but what is `denied`. Links are left out: what they point to is
/// found where it lies.
pub fn around(root: &Path, denied: &[PathBuf]) -> Vec<PathBuf> {
    let mut open = Vec::new();
    if let Ok(root) = std::fs::canonicalize(root) {
        gather(&root, denied, &mut open);
    }
    open
}

fn gather(at: &Path, denied: &[PathBuf], open: &mut Vec<PathBuf>) {
    if denied.iter().any(|denied| at.starts_with(denied)) {
        return;
    }
    if !denied.iter().any(|denied| denied.starts_with(at)) {
        open.push(at.to_owned());
        return;
    }
    let entries = std::fs::read_dir(at).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            gather(&entry.path(), denied, open);
        }
    }
}

/// Keeps this thread, and all threads and processes that it starts from now on, from reading what is `denied`, but for
/// what is `allowed`. The compiler that a thread calls reads what `include_str!` names, and would read it for whoever
/// asks. Where the system cannot do this, nothing happens; [`Strength`](super::Strength) says so.
#[cfg(target_os = "linux")]
pub fn keep_thread_from(denied: &[PathBuf], allowed: &[&Path]) {
    use landlock::{
        AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        path_beneath_rules,
    };
    let restrict = || -> Result<(), RulesetError> {
        // Landlock forbids renaming across folders unless it is asked not to.
        let rules = Ruleset::default()
            .handle_access(AccessFs::ReadFile | AccessFs::Refer)?
            .create()?
            .add_rules(path_beneath_rules(
                around(Path::new("/"), denied),
                AccessFs::ReadFile,
            ))?
            .add_rules(path_beneath_rules(allowed, AccessFs::ReadFile))?;
        let rules = match PathFd::new("/") {
            Ok(root) => rules.add_rule(PathBeneath::new(root, AccessFs::Refer))?,
            Err(_) => rules,
        };
        rules.restrict_self().map(|_| ())
    };
    // An error here is a system without Landlock, of which was told.
    let _ = restrict();
}

/// Keeps this thread from reading what is `denied`, where the system can; this one cannot.
#[cfg(not(target_os = "linux"))]
pub fn keep_thread_from(_denied: &[PathBuf], _allowed: &[&Path]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_open_but_what_is_denied_and_the_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        for name in ["a/secret/x", "a/near", "b/y"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        std::fs::write(root.join("a/file"), "").unwrap();
        std::os::unix::fs::symlink(root.join("a/secret"), root.join("link")).unwrap();
        let mut open = around(&root, &[root.join("a/secret")]);
        open.sort();
        assert_eq!(open, ["a/file", "a/near", "b"].map(|name| root.join(name)));
        assert_eq!(around(&root, &[]), std::slice::from_ref(&root));
        assert!(around(&root.join("a/secret/x"), &[root.join("a")]).is_empty());
    }
}
