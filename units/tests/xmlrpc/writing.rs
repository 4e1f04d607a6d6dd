//! What is written is what Python's `dumps` writes.

use visor_units::xmlrpc::{MethodCall, MethodResponse, Value};

/// The answer's `<value>`, without what is around it.
fn written(value: Value) -> String {
    let text = MethodResponse::Ok(value).write();
    let inner = text.strip_prefix("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n");
    let inner =
        inner.and_then(|rest| rest.strip_suffix("</param>\n</params>\n</methodResponse>\n"));
    inner.expect("the layout of an answer").to_owned()
}

#[test]
fn calls() {
    assert_eq!(
        MethodCall::new("supervisor.getState", []).write(),
        "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.getState</methodName>\n<params>\n</params>\n</methodCall>\n"
    );
    assert_eq!(
        MethodCall::new("supervisor.startProcess", ["web".into(), true.into()]).write(),
        "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.startProcess</methodName>\n<params>\n<param>\n<value><string>web</string></value>\n</param>\n<param>\n<value><boolean>1</boolean></value>\n</param>\n</params>\n</methodCall>\n"
    );
}

#[test]
fn faults() {
    let fault = MethodResponse::Fault { code: 10, string: "BAD_NAME: é".to_owned() };
    assert_eq!(
        fault.write(),
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>BAD_NAME: é</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
    );
}

#[test]
fn an_answer_of_every_type() {
    let value = Value::members([
        ("a", 1.into()),
        ("b", vec![true.into(), "x<&>\"'\r\n\t".into()].into()),
        ("c", Value::Double(1.5)),
        ("d", Value::DateTime("20200101T00:00:00".to_owned())),
        ("e", Value::Base64(b"hello".repeat(12))),
        ("n", Value::Nil),
        ("em", Value::members([])),
        ("l", vec![].into()),
    ]);
    assert_eq!(
        MethodResponse::Ok(value).write(),
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>a</name>\n<value><int>1</int></value>\n</member>\n<member>\n<name>b</name>\n<value><array><data>\n<value><boolean>1</boolean></value>\n<value><string>x&lt;&amp;&gt;\"'\r\n\t</string></value>\n</data></array></value>\n</member>\n<member>\n<name>c</name>\n<value><double>1.5</double></value>\n</member>\n<member>\n<name>d</name>\n<value><dateTime.iso8601>20200101T00:00:00</dateTime.iso8601></value>\n</member>\n<member>\n<name>e</name>\n<value><base64>\naGVsbG9oZWxsb2hlbGxvaGVsbG9oZWxsb2hlbGxvaGVsbG9oZWxsb2hlbGxvaGVsbG9oZWxsb2hl\nbGxv\n</base64></value>\n</member>\n<member>\n<name>n</name>\n<value><nil/></value></member>\n<member>\n<name>em</name>\n<value><struct>\n</struct></value>\n</member>\n<member>\n<name>l</name>\n<value><array><data>\n</data></array></value>\n</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n"
    );
}

#[test]
fn values() {
    for (value, text) in [
        (false.into(), "<boolean>0</boolean>"),
        ((-5).into(), "<int>-5</int>"),
        ("".into(), "<string></string>"),
        ("]]>".into(), "<string>]]&gt;</string>"),
        (Value::Double(1.0), "<double>1.0</double>"),
        (Value::Double(-0.25), "<double>-0.25</double>"),
        (Value::Double(1e100), "<double>1e+100</double>"),
        (Value::Double(1e-7), "<double>1e-07</double>"),
        (Value::Double(0.0001), "<double>0.0001</double>"),
        (Value::Double(1e16), "<double>1e+16</double>"),
        (Value::Double(1e15), "<double>1000000000000000.0</double>"),
        (Value::Double(123_456_789_012_345_680.0), "<double>1.2345678901234568e+17</double>"),
        (Value::Double(f64::INFINITY), "<double>inf</double>"),
        (Value::Double(f64::NAN), "<double>nan</double>"),
        (Value::Base64(vec![]), "<base64>\n</base64>"),
    ] {
        assert_eq!(written(value), format!("<value>{text}</value>\n"));
    }
}

/// Python would refuse the first two and write the others as they are, for nobody to read.
#[test]
fn what_no_client_could_read_is_mended() {
    assert_eq!(written(3_000_000_000_i64.into()), "<value><int>2147483647</int></value>\n");
    assert_eq!(written(i64::MIN.into()), "<value><int>-2147483648</int></value>\n");
    assert_eq!(
        written("\0\x1b[1m \u{fffe}\u{7f}\u{85}\u{10ffff}".into()),
        "<value><string>\u{fffd}\u{fffd}[1m \u{fffd}\u{7f}\u{85}\u{10ffff}</string></value>\n"
    );
    let named = Value::Struct(vec![("<\u{1}".into(), Value::Nil)]);
    assert!(written(named).contains("<name>&lt;\u{fffd}</name>"));
}
