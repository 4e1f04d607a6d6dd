//! What Supervisor accepts is read, and what it refuses is refused.

use visor_units::xmlrpc::{MAX_DEPTH, MethodCall, MethodResponse, ReadError, Value};

/// A call with one argument, spelt so.
fn argument(value: &str) -> Result<Value, ReadError> {
    let text = format!(
        "<?xml version='1.0'?>\n<methodCall>\n<methodName>m</methodName>\n<params>\n<param>\n{value}\n</param>\n</params>\n</methodCall>\n"
    );
    let mut call = MethodCall::read(text.as_bytes())?;
    assert_eq!((call.name.as_str(), call.params.len()), ("m", 1));
    Ok(call.params.remove(0))
}

fn call(text: &str) -> Result<MethodCall, ReadError> {
    MethodCall::read(text.as_bytes())
}

#[test]
fn every_type() {
    for (text, value) in [
        ("<value><int>1</int></value>", 1.into()),
        ("<value>\n <int>\n -12 </int>\n</value>", (-12).into()),
        ("<value><i4>+5</i4></value>", 5.into()),
        ("<value><int>3000000000</int></value>", 3_000_000_000_i64.into()),
        ("<value><boolean>1</boolean></value>", true.into()),
        ("<value><boolean>0</boolean></value>", false.into()),
        ("<value><boolean>true</boolean></value>", false.into()),
        ("<value><string>a b</string></value>", "a b".into()),
        ("<value><string/></value>", "".into()),
        ("<value>untyped</value>", "untyped".into()),
        ("<value/>", "".into()),
        ("<value></value>", "".into()),
        ("<value><i8>7</i8></value>", "7".into()),
        ("<value><double>-1.5e3</double></value>", Value::Double(-1500.0)),
        ("<value><double> inf </double></value>", Value::Double(f64::INFINITY)),
        (
            "<value><dateTime.iso8601>20200101T00:00:00</dateTime.iso8601></value>",
            Value::DateTime("20200101T00:00:00".to_owned()),
        ),
        ("<value><base64>\naGVs\nbG8=\n</base64></value>", Value::Base64(b"hello".to_vec())),
        ("<value><base64/></value>", Value::Base64(Vec::new())),
        ("<value><nil/></value>", Value::Nil),
        ("<value><ex:nil/></value>", Value::Nil),
        ("<value><array><data/></array></value>", vec![].into()),
        (
            "<value><array><data>\n<value>1</value><value><nil/></value>\n</data></array></value>",
            vec!["1".into(), Value::Nil].into(),
        ),
        ("<value><struct/></value>", Value::members([])),
        (
            "<value><struct>\n<member>\n<name>a</name>\n<value><int>1</int></value>\n</member>\n</struct></value>",
            Value::members([("a", 1.into())]),
        ),
        ("<int>4</int>", 4.into()),
    ] {
        assert_eq!(argument(text), Ok(value), "{text}");
    }
}

#[test]
fn texts_are_taken_exactly() {
    for (text, value) in [
        ("hello\n", "hello\n"),
        ("  x\t", "  x\t"),
        (" ", " "),
        ("a\r\nb\rc", "a\nb\nc"),
        ("&lt;a&gt; &amp;&quot;&apos;", "<a> &\"'"),
        ("&#65;&#x42;&#13;", "AB\r"),
        ("&amp;lt;", "&lt;"),
        ("<![CDATA[<x>&amp;]]>y", "<x>&amp;y"),
        ("a<!-- no -->b<?pi?>c", "abc"),
        ("жé\u{1f600}", "жé\u{1f600}"),
        ("\u{1b}[0m", "\u{1b}[0m"),
    ] {
        for spelt in
            [format!("<value><string>{text}</string></value>"), format!("<value>{text}</value>")]
        {
            assert_eq!(argument(&spelt), Ok(value.into()), "{spelt:?}");
        }
    }
}

#[test]
fn of_two_members_with_one_name_the_last_counts() {
    let text = "<value><struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct></value>";
    let value = argument(text).expect("a struct");
    assert_eq!(value.member("a"), Some(&"2".into()));
    assert_eq!(value.member("b"), None);
}

#[test]
fn a_call_needs_no_params_and_no_head() {
    for text in [
        "<methodCall><methodName>a.b</methodName></methodCall>",
        "<methodCall><methodName>a.b</methodName><params/></methodCall>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- hi --><methodCall kind='x'><methodName>a.b</methodName><params></params></methodCall>\n\n",
        "<methodCall><params/><methodName>a.b</methodName></methodCall>",
    ] {
        assert_eq!(call(text), Ok(MethodCall::new("a.b", [])), "{text}");
    }
}

#[test]
fn a_call_names_a_method() {
    for text in [
        "<methodCall></methodCall>",
        "<methodCall/>",
        "<methodCall><methodName/></methodCall>",
        "<methodCall><params/></methodCall>",
    ] {
        assert_eq!(call(text), Err(ReadError::NoMethodName), "{text}");
    }
}

#[test]
fn what_is_no_call_is_refused() {
    for text in [
        "",
        " ",
        "hello",
        "<",
        "<methodCall>",
        "<methodCall><methodName>a</methodName>",
        "<methodCall><methodName>a</methodCall>",
        "</methodCall>",
        "<methodResponse><params/></methodResponse>",
        "<methodCall><methodName>a</methodName></methodCall><methodCall/>",
        "<methodCall><methodName>a</methodName></methodCall> more",
        "<methodCall><methodName>&undefined;</methodName></methodCall>",
        "<methodCall><methodName>a & b</methodName></methodCall>",
        "<methodCall><methodName>&#0;</methodName></methodCall>",
        "<methodCall><methodName>&#xD800;</methodName></methodCall>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><methodCall><methodName>a</methodName></methodCall>",
        "<!DOCTYPE methodCall><methodCall><methodName>a</methodName></methodCall>",
    ] {
        let refused = call(text);
        assert!(matches!(refused, Err(ReadError::Unmarshallable(_))), "{text}: {refused:?}");
    }
    let latin = b"<methodCall><methodName>\xe9</methodName></methodCall>";
    assert!(MethodCall::read(latin).is_err());
}

#[test]
fn what_is_no_value_is_refused() {
    for text in [
        "<value><int></int></value>",
        "<value><int>1.5</int></value>",
        "<value><int>99999999999999999999</int></value>",
        "<value><double>x</double></value>",
        "<value><base64>a</base64></value>",
        "<value><array/></value>",
        "<value><array><value>1</value></array></value>",
        "<value><array><data><member/></data></array></value>",
        "<value><struct><value>1</value></struct></value>",
        "<value><struct><member><name>a</name></member></struct></value>",
        "<value><struct><member><value>a</value><name>a</name></member></struct></value>",
        "<value><name>a</name></value>",
        "<value><methodCall/></value>",
        "",
    ] {
        let refused = argument(text);
        assert!(matches!(refused, Err(ReadError::Unmarshallable(_))), "{text}: {refused:?}");
    }
}

#[test]
fn nesting_ends() {
    let nested = |depth: usize| {
        let open = "<value><array><data>".repeat(depth);
        argument(&format!("{open}{}", "</data></array></value>".repeat(depth)))
    };
    assert!(nested(60).is_ok());
    let refused = nested(10_000).expect_err("too deep");
    assert_eq!(
        refused.to_string(),
        format!("unmarshallable: nested deeper than {MAX_DEPTH} elements")
    );
}

#[test]
fn answers() {
    let head = "<?xml version='1.0'?>\n<methodResponse>\n";
    for (text, answer) in [
        (
            "<params>\n<param>\n<value><string>3.0</string></value>\n</param>\n</params>\n</methodResponse>\n",
            MethodResponse::Ok("3.0".into()),
        ),
        (
            "<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>BAD_NAME: x</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n",
            MethodResponse::Fault { code: 10, string: "BAD_NAME: x".to_owned() },
        ),
    ] {
        assert_eq!(MethodResponse::read(format!("{head}{text}").as_bytes()), Ok(answer));
    }
    for text in [
        "</methodResponse>",
        "<params></params></methodResponse>",
        "<params><param>1</param></params></methodResponse>",
        "<params><param><value/></param><param><value/></param></params></methodResponse>",
        "<fault><value>x</value></fault></methodResponse>",
    ] {
        assert!(MethodResponse::read(format!("{head}{text}").as_bytes()).is_err(), "{text}");
    }
    assert!(MethodResponse::read(b"<methodCall><methodName>m</methodName></methodCall>").is_err());
}

#[test]
fn base64_that_holds_text_counts_as_text() {
    assert_eq!(Value::Base64(b"web".to_vec()).as_str(), Some("web"));
    assert_eq!(Value::Base64(vec![0xff]).as_str(), None);
    assert_eq!(Value::from(1).as_str(), None);
}
