//! Large answers, written straight from rows without collecting their values first.

use std::collections::HashMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use visor_units::engine::Row;
use visor_units::unit::Group;
use zbus::{Signature, Type, Variant};

use crate::Configured;
use crate::path::object_path;
use crate::table::{Emits, PROGRAM, Property, UNIT, Values, View, kind_name, text};

/// The kinds of groups by name.
pub(crate) struct Kinds(HashMap<Arc<str>, &'static str>);

impl Kinds {
    pub(crate) fn of(groups: &[Arc<Group>]) -> Self {
        let kind = |group: &Arc<Group>| (Arc::clone(&group.name), kind_name(&group.kind));
        Self(groups.iter().map(kind).collect())
    }

    /// A row as its properties see it.
    pub(crate) fn view(&self, row: Row) -> View {
        let kind = self.0.get(&row.program.name.group).copied().unwrap_or("program");
        View::new(row, kind)
    }
}

/// Which properties of a process a dictionary holds, and whether empty ones are in it.
pub(crate) struct Columns {
    properties: Vec<&'static Property<View>>,
    sparse: bool,
}

impl Columns {
    /// Every property.
    pub(crate) fn all() -> Self {
        Self { properties: known().collect(), sparse: false }
    }

    /// Every property but the counters.
    pub(crate) fn settled() -> Self {
        let properties = known().filter(|property| property.emits != Emits::Never).collect();
        Self { properties, sparse: false }
    }

    /// The properties of these names; a name that is not known names nothing, so that a newer client may ask.
    pub(crate) fn named(names: &[String]) -> Self {
        let properties = known().filter(|property| names.iter().any(|n| n == property.name));
        Self { properties: properties.collect(), sparse: false }
    }

    /// Leaves out what is empty, zero or false.
    pub(crate) fn sparse(self, sparse: bool) -> Self {
        Self { sparse, ..self }
    }

    /// Whether counters are among them.
    pub(crate) fn need_usage(&self) -> bool {
        self.properties.iter().any(|property| property.emits == Emits::Never)
    }
}

fn known() -> impl Iterator<Item = &'static Property<View>> {
    UNIT.properties.iter().chain(PROGRAM.properties)
}

fn is_empty(value: &Variant<'_>) -> bool {
    match value {
        Variant::Str(text) => text.is_empty(),
        Variant::Bool(flag) => !flag,
        Variant::I32(number) => *number == 0,
        Variant::I64(number) => *number == 0,
        Variant::U32(number) => *number == 0,
        Variant::U64(number) => *number == 0,
        Variant::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// One process as a dictionary: its path and properties of both interfaces.
pub(crate) struct Entry<'a> {
    pub(crate) view: &'a View,
    pub(crate) columns: &'a Columns,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, columns } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Path", &Variant::ObjectPath(object_path(&view.row.program.name)))?;
        for property in &columns.properties {
            let value = (property.get)(view);
            if !columns.sparse || !is_empty(&value) {
                map.serialize_entry(property.name, &value)?;
            }
        }
        map.end()
    }
}

impl Type for Entry<'_> {
    const SIGNATURE: &'static Signature = &zbus::signature!("a{sv}");
}

/// The answer of `ListUnits`.
pub(crate) struct UnitList {
    pub(crate) views: Vec<View>,
    pub(crate) columns: Columns,
}

impl Serialize for UnitList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.views.len()))?;
        for view in &self.views {
            list.serialize_element(&Entry { view, columns: &self.columns })?;
        }
        list.end()
    }
}

impl Type for UnitList {
    const SIGNATURE: &'static Signature = &zbus::signature!("aa{sv}");
}

/// The answer of `ListConfigured`.
pub(crate) struct ConfiguredList(pub(crate) Vec<Configured>);

impl ConfiguredList {
    /// How many there are.
    pub(crate) fn processes(&self) -> usize {
        self.0.iter().map(|configured| configured.group.programs.len()).sum()
    }
}

impl Serialize for ConfiguredList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.processes()))?;
        for Configured { group, in_use } in &self.0 {
            for program in &group.programs {
                list.serialize_element(&HashMap::from([
                    ("Id", text(program.name.to_string())),
                    ("Group", text(&*group.name)),
                    ("Name", text(&*program.name.process)),
                    ("Kind", text(kind_name(&group.kind))),
                    ("InUse", Variant::Bool(*in_use)),
                    ("Autostart", Variant::Bool(program.autostart)),
                    ("GroupPriority", Variant::I64(group.priority)),
                    ("Priority", Variant::I64(program.priority)),
                ]))?;
            }
        }
        list.end()
    }
}

impl Type for ConfiguredList {
    const SIGNATURE: &'static Signature = &zbus::signature!("aa{sv}");
}

/// The interfaces of one process: `a{sa{sv}}`.
pub(crate) struct Interfaces<'a>(pub(crate) &'a View);

impl Serialize for Interfaces<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(UNIT.name, &Values::settled(&UNIT, self.0))?;
        map.serialize_entry(PROGRAM.name, &Values::settled(&PROGRAM, self.0))?;
        map.end()
    }
}

impl Type for Interfaces<'_> {
    const SIGNATURE: &'static Signature = &zbus::signature!("a{sa{sv}}");
}

/// The answer of `GetManagedObjects`.
pub(crate) struct ManagedObjects(pub(crate) Vec<View>);

impl Serialize for ManagedObjects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for view in &self.0 {
            map.serialize_entry(&object_path(&view.row.program.name), &Interfaces(view))?;
        }
        map.end()
    }
}

impl Type for ManagedObjects {
    const SIGNATURE: &'static Signature = &zbus::signature!("a{oa{sa{sv}}}");
}
