//! Any bytes as a call and as an answer of XML-RPC: what is read can be written, and is then read as the same. But for
//! line ends: a carriage return is written as it is, as Python does, and XML makes a newline of it (XML 1.0, 2.11).
#![no_main]

use libfuzzer_sys::fuzz_target;
use visor_units::xmlrpc::{MethodCall, MethodResponse};

fn with_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(call) = MethodCall::read(bytes) {
        let written = call.write();
        let again = MethodCall::read(written.as_bytes()).expect("what was written is a call");
        assert_eq!(again.write(), with_newlines(&written));
    }
    if let Ok(answer) = MethodResponse::read(bytes) {
        let written = answer.write();
        let again =
            MethodResponse::read(written.as_bytes()).expect("what was written is an answer");
        assert_eq!(again.write(), with_newlines(&written));
    }
});
