//! Who may act: the one room where that is judged, from the caller's credentials.
//!
//! Everyone who reaches the daemon may read states and properties. Root and the daemon's own user may do everything
//! else, reading of logs included: what programs write is for whoever runs them.

use visor_dbus::{Action, Authority};
use visor_units::engine::Requester;
use visor_units::fault::{Fault, Refusal};

/// The judge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    /// The user that the daemon runs as.
    own_uid: u32,
}

impl Judge {
    /// A judge for a daemon that runs as this user.
    pub(crate) const fn new(own_uid: u32) -> Self {
        Self { own_uid }
    }

    /// Whether `who` may do this. A caller whose user is not known may not.
    ///
    /// # Errors
    /// `NotAuthorized`, with a text that says who may.
    pub(crate) fn decide(self, who: &Requester, action: Action) -> Result<(), Refusal> {
        match who.uid {
            Some(uid) if uid == 0 || uid == self.own_uid => Ok(()),
            uid => Err(Refusal::new(Fault::NotAuthorized, self.explain(uid, action))),
        }
    }

    fn explain(self, uid: Option<u32>, action: Action) -> String {
        let asked = uid.map_or_else(|| "an unknown user".to_owned(), |uid| format!("uid {uid}"));
        let may = match self.own_uid {
            0 => "only root may".to_owned(),
            own => format!("only root and uid {own}, which runs visord, may"),
        };
        format!("{} refused to {asked}: {may}", action.name())
    }
}

impl Authority for Judge {
    async fn judge(&self, who: &Requester, action: Action) -> Result<(), Refusal> {
        self.decide(who, action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(uid: Option<u32>) -> Requester {
        Requester { uid, pid: None, via: "socket".into() }
    }

    #[test]
    fn root_and_the_own_user_act_and_nobody_else() {
        for (own, uid, may) in [
            (0, Some(0), true),
            (0, Some(1000), false),
            (0, None, false),
            (1000, Some(0), true),
            (1000, Some(1000), true),
            (1000, Some(1001), false),
            (1000, None, false),
        ] {
            for action in Action::ALL {
                let judged = Judge::new(own).decide(&caller(uid), action);
                assert_eq!(judged.is_ok(), may, "own {own}, uid {uid:?}, {action:?}");
            }
        }
    }

    #[test]
    fn a_refusal_says_who_may() {
        let text =
            |own, uid| Judge::new(own).decide(&caller(uid), Action::ManageUnits).unwrap_err().text;
        assert_eq!(text(0, Some(7)), "manage-units refused to uid 7: only root may");
        assert_eq!(
            text(1000, None),
            "manage-units refused to an unknown user: only root and uid 1000, which runs visord, may"
        );
    }
}
