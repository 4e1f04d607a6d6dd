//! The configuration on a real machine: files, accounts and environment for `visor_units::config`, and `--check`.

mod check;
mod host;
mod json;
pub(crate) mod report;

pub(crate) use check::check;
pub(crate) use host::Machine;

/// The file to read when none was named: the first that exists of the default places for a program started as `program`.
///
/// # Errors
/// Supervisor's text, with every place that was searched.
pub(crate) fn search(program: &str) -> Result<String, String> {
    visor_units::config::find(program, |path| std::path::Path::new(path).exists())
}
