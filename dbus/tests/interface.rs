//! The checked-in description of the interfaces is what the code introspects. `VISORD_REWRITE=1 cargo test` writes it.

use std::path::Path;

#[test]
fn the_checked_in_interfaces_are_what_the_code_has() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("interface");
    for (name, xml) in visor_dbus::interfaces() {
        let path = directory.join(format!("{name}.xml"));
        if std::env::var_os("VISORD_REWRITE").is_some() {
            std::fs::write(&path, &xml).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == xml, "{} differs: VISORD_REWRITE=1 writes it anew", path.display());
    }
}

#[test]
fn no_interface_is_checked_in_that_the_code_does_not_have() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("interface");
    let mut checked_in: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    checked_in.sort();
    let mut known: Vec<String> =
        visor_dbus::interfaces().iter().map(|(name, _)| format!("{name}.xml")).collect();
    known.sort();
    assert_eq!(checked_in, known);
}
