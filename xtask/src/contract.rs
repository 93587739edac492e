//! Checks of the wire contract in `proto/`: that every element is documented and named in style, and that nothing which
//! others rely on has changed since a release.

mod breaking;
mod source;
mod style;

use std::path::Path;

use self::source::Sources;

/// Checks names, numbers and comments of the work tree's contract.
pub(crate) fn lint(root: &Path) -> Result<(), Vec<String>> {
    let contract = Sources::of_work_tree(root)?.compile()?;
    report(style::problems(&contract))
}

/// Compares the work tree's contract with that of the last tag, or of `base` where there is no tag yet.
pub(crate) fn breaking(root: &Path, base: &str) -> Result<(), Vec<String>> {
    let revision = source::last_tag(root).unwrap_or_else(|| base.to_owned());
    let before = Sources::of_revision(root, &revision)?.compile()?;
    let after = Sources::of_work_tree(root)?.compile()?;
    report(breaking::problems(&before, &after))
}

fn report(problems: Vec<String>) -> Result<(), Vec<String>> {
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
