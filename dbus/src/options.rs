//! Dictionaries of options, `a{sv}`: known keys are read, unknown ones refused unless they begin with `x-`.

use std::collections::HashMap;

use visor_units::fault::{Fault, Refusal};
use zbus::OwnedVariant;

/// Options as they came. Take every known key, then call [`Options::finish`].
pub(crate) struct Options(HashMap<String, OwnedVariant>);

impl Options {
    pub(crate) fn new(options: HashMap<String, OwnedVariant>) -> Self {
        Self(options)
    }

    /// A switch; `default` where it is not given.
    pub(crate) fn switch(&mut self, key: &str, default: bool) -> Result<bool, Refusal> {
        Ok(self.take(key, "b")?.unwrap_or(default))
    }

    /// A count.
    pub(crate) fn count(&mut self, key: &str) -> Result<Option<u64>, Refusal> {
        self.take(key, "t")
    }

    /// A list of words.
    pub(crate) fn words(&mut self, key: &str) -> Result<Option<Vec<String>>, Refusal> {
        self.take(key, "as")
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.0.keys().find(|key| !key.starts_with("x-")) {
            None => Ok(()),
            Some(key) => Err(Refusal::new(Fault::BadArguments, format!("unknown option {key:?}"))),
        }
    }

    fn take<T: TryFrom<OwnedVariant>>(
        &mut self,
        key: &str,
        signature: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        let wrong = |_| {
            Refusal::new(Fault::BadArguments, format!("option {key:?} is not of type {signature}"))
        };
        T::try_from(value).map(Some).map_err(wrong)
    }
}
