//! `pods/log`: nothing runs here, so a container's log is one line that says so.

use serde_json::Value;

use crate::http::query::Query;
use crate::registry::Call;
use crate::status::Status;

/// The log of a container of the named pod.
pub(crate) fn read(call: &Call<'_>, query: &Query) -> Result<String, Status> {
    let Some(pod) = call.registry.find("", "pods", call.namespace, call.name) else {
        return Err(Status::not_found("", "pods", call.name));
    };
    let names = |field: &str| -> Vec<String> {
        let all = pod.get(&["spec", field]).and_then(Value::as_array);
        let names = all.into_iter().flatten().filter_map(|container| container["name"].as_str());
        names.map(str::to_owned).collect()
    };
    let containers = names("containers");
    let asked = query.get("container").filter(|name| !name.is_empty());
    let container = match (asked, containers.as_slice()) {
        (Some(asked), _) => asked.to_owned(),
        (None, [only]) => only.clone(),
        (None, _) => {
            let init = names("initContainers");
            let mut message = format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                call.name,
                containers.join(" ")
            );
            if !init.is_empty() {
                message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            return Err(Status::bad_request(message));
        }
    };
    let known = ["containers", "initContainers", "ephemeralContainers"];
    if !known.iter().any(|field| names(field).contains(&container)) {
        return Err(Status::bad_request(format!(
            "container {container} is not valid for pod {}",
            call.name
        )));
    }
    if pod.str_at(&["status", "phase"]) == "Pending" {
        return Err(Status::bad_request(format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: ContainerCreating",
            call.name
        )));
    }
    Ok(format!(
        "{}/{}: container {container} is simulated and writes no log\n",
        call.namespace, call.name
    ))
}
