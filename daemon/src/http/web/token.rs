//! The secret that shows that a form was made by this daemon: another site's page cannot read it.

use subtle::ConstantTimeEq as _;

/// The secret in every form of this daemon, new with every start of it.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// A new one. Where there is no randomness to be had there is none, and no form has it.
    pub(super) fn new() -> Self {
        let mut bytes = [0; 16];
        let is_random = getrandom::fill(&mut bytes).is_ok();
        let bytes = bytes.iter().filter(|_| is_random);
        Self(bytes.map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its text, for forms.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether a form has it. Takes the same time whatever was sent.
    pub(super) fn is(&self, sent: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(sent.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_and_another_daemons_is_not() {
        let (own, other) = (Token::new(), Token::new());
        assert!(own.is(own.text()) && own.text().len() == 32);
        for sent in [other.text(), "", &own.text()[1..]] {
            assert!(!own.is(sent), "{sent}");
        }
        assert!(!Token(String::new()).is(""));
    }
}
