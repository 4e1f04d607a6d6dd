//! What holds of the outcome of reading any bytes.

use visor_units::config::{Loaded, Request, Severity};

use crate::host::Table;

/// Reads bytes as the configuration of that name, beside a file that it may include.
pub(crate) fn load(bytes: Vec<u8>, file: &str) -> Loaded {
    let table = Table::new("").with(file, bytes).with("/etc/sv/*", "[program:z]\ncommand=z\n");
    table.load_as(&Request { file: file.to_owned(), ..Request::default() })
}

/// Every place lies in its text, on its line; a plan is there unless there is an error.
pub(crate) fn is_sound(loaded: &Loaded) {
    let errors =
        loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    assert_eq!(loaded.plan.is_none(), errors > 0);
    assert_eq!(loaded.refusal.is_some(), errors > 0);
    let related =
        loaded.diagnostics.iter().flat_map(|found| found.related.iter().map(|(span, _)| span));
    for span in loaded.diagnostics.iter().filter_map(|found| found.span.as_ref()).chain(related) {
        let source =
            loaded.sources.iter().find(|source| source.file == span.file).expect("a source");
        assert!(source.text.get(span.start..span.end).is_some(), "{span:?}");
        let before = &source.text[..span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        assert_eq!((span.line as usize, span.column as usize), (line, column));
    }
}
