//! Laws that hold for any value and any bytes.

use proptest::prelude::*;
use visor_units::xmlrpc::{MethodCall, MethodResponse, Value};

/// A text that XML holds as it is: of what is legal only a carriage return is read as something else.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| {
        text.replace(|c: char| (c < ' ' && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}'), "\t")
    })
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_filter("itself", |f| !f.is_nan()).prop_map(Value::Double),
        text().prop_map(Value::String),
        text().prop_map(Value::DateTime),
        any::<Vec<u8>>().prop_map(Value::Base64),
    ];
    scalar.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text().prop_map(Into::into), inner), 0..6)
                .prop_map(Value::Struct),
        ]
    })
}

/// Pieces of which calls are made, right and wrong.
fn piece() -> impl Strategy<Value = String> {
    let element = prop::sample::select(vec![
        "methodCall",
        "methodName",
        "params",
        "param",
        "value",
        "int",
        "string",
        "array",
        "data",
        "struct",
        "member",
        "name",
        "base64",
        "nil",
        "fault",
        "methodResponse",
        "double",
    ]);
    prop_oneof![
        element.clone().prop_map(|name| format!("<{name}>")),
        element.clone().prop_map(|name| format!("</{name}>")),
        element.prop_map(|name| format!("<{name}/>")),
        prop::sample::select(vec![
            "1",
            "x",
            "&lt;",
            "&#6",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?",
            "é"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in "[a-zA-Z0-9._:/<&]{1,20}", params in prop::collection::vec(value(), 0..4)) {
        let call = MethodCall::new(name, params);
        prop_assert_eq!(MethodCall::read(call.write().as_bytes()), Ok(call));
    }

    #[test]
    fn answers_are_read_back(value in value(), code: i32, string in text()) {
        let fault = MethodResponse::Fault { code: code.into(), string };
        for answer in [MethodResponse::Ok(value), fault] {
            prop_assert_eq!(MethodResponse::read(answer.write().as_bytes()), Ok(answer));
        }
    }

    #[test]
    fn whatever_a_program_prints_can_be_read(text: String) {
        let answer = MethodResponse::Ok(text.into()).write();
        prop_assert!(MethodResponse::read(answer.as_bytes()).is_ok());
        let legal = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        prop_assert!(answer.chars().all(legal));
    }

    #[test]
    fn no_bytes_harm(bytes: Vec<u8>) {
        drop(MethodCall::read(&bytes));
        drop(MethodResponse::read(&bytes));
    }

    #[test]
    fn no_elements_harm(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = format!("<methodCall>{}", pieces.concat());
        drop(MethodCall::read(text.as_bytes()));
    }
}
