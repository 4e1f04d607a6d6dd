//! The transition table, the whole square of it.

use visor_units::engine::{State, TRANSITIONS};

/// One line for each state a process can leave, one column for each it can enter, in the order of `State::ALL`:
/// STOPPED STARTING RUNNING BACKOFF STOPPING EXITED FATAL UNKNOWN.
const SQUARE: [&str; 8] = [
    /* STOPPED  */ ". x . . . . . .",
    /* STARTING */ "x . x x x . x x",
    /* RUNNING  */ ". . . . x x . x",
    /* BACKOFF  */ "x x . . . . x .",
    /* STOPPING */ "x . . . . . . x",
    /* EXITED   */ ". x . x . . . .",
    /* FATAL    */ ". x . . . . . .",
    /* UNKNOWN  */ "x . . . . x . .",
];

#[test]
fn the_table_is_this_square() {
    for (from, line) in State::ALL.into_iter().zip(SQUARE) {
        for (to, mark) in State::ALL.into_iter().zip(line.split(' ')) {
            assert_eq!(from.may_become(to), mark == "x", "{from} to {to}");
        }
    }
    assert_eq!(TRANSITIONS.len(), SQUARE.concat().matches('x').count(), "none is there twice");
}
