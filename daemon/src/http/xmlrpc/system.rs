//! The namespace `system`.

use visor_units::xmlrpc::{MethodCall, Value};

use super::args::Args;
use super::fault::{Code, Fault};
use super::table::{Method, SUPERVISOR, SYSTEM, SystemAct};
use super::{Caller, logs};

/// The namespace that is always there.
const NAMESPACE: &str = "system.";

/// What all of these calls are made through.
const MULTICALL: &str = "system.multicall";

/// How much what comes of many calls may come to, in bytes: as much as one of them may give. What is called after that is
/// not done.
const MOST_RESULTS: usize = logs::MOST;

/// What is said of a call that is not made any more.
const TOO_MUCH: &str = "not called, the calls before it gave too much";

/// What `methodHelp` and `methodSignature` tell of a method.
struct Told {
    name: String,
    returns: &'static str,
    params: &'static [(&'static str, &'static str)],
    doc: &'static str,
}

impl Told {
    fn of<A>(namespace: &str, method: &Method<A>) -> Self {
        let Method { name, returns, params, doc, .. } = method;
        Self { name: format!("{namespace}{name}"), returns, params, doc }
    }

    fn help(&self) -> String {
        let params = self.params.iter().map(|(kind, name)| format!("\n@param {kind} {name}"));
        format!("{}\n{}\n@return {}", self.doc, params.collect::<String>(), self.returns)
    }

    fn signature(&self) -> Value {
        let types = self.params.iter().map(|(kind, _)| *kind);
        Value::Array([self.returns].into_iter().chain(types).map(Value::from).collect())
    }
}

impl Caller<'_> {
    /// What a call of this namespace asks for; `None` if it is of another.
    pub(super) fn system(&self, call: &MethodCall) -> Option<Result<SystemAct, Fault>> {
        let name = call.name.strip_prefix(NAMESPACE)?;
        Some(match SYSTEM.iter().find(|method| method.name == name) {
            None => Err(Code::UnknownMethod.into()),
            Some(method) if !method.takes(call.params.len()) => {
                Err(Code::IncorrectParameters.into())
            }
            Some(method) => Ok(method.act),
        })
    }

    pub(super) async fn system_act(
        &self,
        act: SystemAct,
        params: &[Value],
    ) -> Result<Value, Fault> {
        let args = Args(params);
        match act {
            SystemAct::ListMethods => {
                let mut names: Vec<String> = self.methods().map(|method| method.name).collect();
                names.sort_unstable();
                Ok(Value::Array(names.into_iter().map(Value::from).collect()))
            }
            SystemAct::MethodHelp => Ok(self.told(args.text(0)?)?.help().into()),
            SystemAct::MethodSignature => Ok(self.told(args.text(0)?)?.signature()),
            SystemAct::Multicall => {
                let calls = params.first().and_then(Value::as_array);
                self.multicall(calls.ok_or(Code::IncorrectParameters)?).await
            }
        }
    }

    fn methods(&self) -> impl Iterator<Item = Told> {
        let namespaces = self.face.namespaces.iter().map(|name| format!("{name}."));
        let ours = namespaces
            .flat_map(|name| SUPERVISOR.iter().map(move |method| Told::of(&name, method)));
        ours.chain(SYSTEM.iter().map(|method| Told::of(NAMESPACE, method)))
    }

    fn told(&self, name: &str) -> Result<Told, Fault> {
        self.methods()
            .find(|method| method.name == name)
            .ok_or_else(|| Code::SignatureUnsupported.into())
    }

    /// Makes calls one after the other. The results are bare, which is not what others do, but what clients of Supervisor
    /// expect.
    async fn multicall(&self, calls: &[Value]) -> Result<Value, Fault> {
        let mut results = Vec::with_capacity(calls.len());
        let mut size = 0;
        for call in calls {
            let result = match one_of_many(call) {
                Ok(_) if size >= MOST_RESULTS => Err(Code::Failed.about(TOO_MUCH)),
                // Not nested, so this comes back after one step.
                Ok(call) => Box::pin(self.call(&call)).await,
                Err(fault) => Err(fault),
            };
            let result = result.unwrap_or_else(|fault| fault.value());
            size += bytes_of(&result);
            results.push(result);
        }
        Ok(Value::Array(results))
    }
}

/// About how many bytes a value takes.
fn bytes_of(value: &Value) -> usize {
    const ITSELF: usize = size_of::<Value>();
    ITSELF
        + match value {
            Value::String(text) | Value::DateTime(text) => text.len(),
            Value::Base64(bytes) => bytes.len(),
            Value::Array(elements) => elements.iter().map(bytes_of).sum(),
            Value::Struct(members) => {
                members.iter().map(|(name, member)| name.len() + bytes_of(member)).sum()
            }
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Double(_) => 0,
        }
}

fn one_of_many(call: &Value) -> Result<MethodCall, Fault> {
    let name = call.member("methodName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Code::IncorrectParameters.about("No methodName"))?;
    if name == MULTICALL {
        return Err(Code::IncorrectParameters.about("Recursive system.multicall forbidden"));
    }
    let params = match call.member("params") {
        None => Vec::new(),
        Some(Value::Array(params)) => params.clone(),
        Some(_) => return Err(Code::IncorrectParameters.into()),
    };
    Ok(MethodCall::new(name, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_value_holds_counts() {
        let text = || Value::from("x".repeat(1000).as_str());
        for value in [
            text(),
            Value::Base64(vec![0; 1000]),
            Value::Array(vec![Value::Array(vec![text()])]),
            Value::members([("log", text())]),
            Value::Array(vec![Value::Nil; 1000]),
        ] {
            let bytes = bytes_of(&value);
            assert!((1000..100_000).contains(&bytes), "{bytes}");
        }
    }
}
