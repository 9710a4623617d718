//! The template, the folders and the code say the same.

use std::collections::BTreeSet;
use std::path::Path;

use hookreel_local::template::Function;
use serde_yaml_ng::Value;
use tests::templates::{self, functions, logical_id};

use crate::functions::permissions;

/// Longest `main.rs`, in lines: it only wires.
const MAIN_LINES: usize = 25;
/// By AWS's advice a message stays hidden for this many times its function's timeout.
const HIDDEN_FOR: u32 = 6;
/// Variables that the code reads and no deployment sets: the embedded cloud alone lets
/// functions reach this machine.
const LOCAL_ALONE: [&str; 1] = ["OUTBOUND_ALLOW_LOOPBACK"];

fn folder(function: &str) -> std::path::PathBuf {
    templates::root().join("functions").join(function)
}

fn template_function(name: &str) -> &'static Function {
    let mut all = templates::resolved().functions.iter();
    all.find(|function| function.name == name)
        .unwrap_or_else(|| panic!("functions/{name} has no {} in template.yaml", logical_id(name)))
}

#[test]
fn every_folder_is_a_function_and_every_function_a_folder() {
    let deployed: BTreeSet<_> =
        templates::resolved().functions.iter().map(|function| function.name.clone()).collect();
    let folders: BTreeSet<_> = functions().into_iter().collect();
    let only =
        |some: &BTreeSet<String>, others| some.difference(others).cloned().collect::<Vec<_>>();
    assert_eq!(only(&folders, &deployed), [""; 0], "these folders are not in template.yaml");
    assert_eq!(only(&deployed, &folders), [""; 0], "these have no folder in functions/");
    let yaml = templates::yaml();
    for function in functions() {
        let resource = &yaml["Resources"][logical_id(&function)];
        let zip = format!("target/package/arm64/{function}.zip");
        assert_eq!(resource["Properties"]["CodeUri"], zip.as_str(), "{function}: CodeUri");
        let manifest = std::fs::read_to_string(folder(&function).join("Cargo.toml")).unwrap();
        let name = format!("name = \"{function}\"");
        assert!(manifest.contains(&name), "functions/{function}/Cargo.toml lacks {name}");
    }
}

#[test]
fn a_main_only_wires() {
    for function in functions() {
        let main = std::fs::read_to_string(folder(&function).join("src/main.rs")).unwrap();
        let lines = main.lines().count();
        assert!(lines <= MAIN_LINES, "functions/{function}/src/main.rs has {lines} lines");
    }
}

#[test]
fn every_variable_that_is_set_is_read_and_the_other_way_round() {
    for function in functions() {
        let own = own_variables(&function);
        let mut read = BTreeSet::new();
        variables_in(&folder(&function).join("src"), &mut read);
        if calls_providers(&function) {
            variables_of(&templates::root().join("shared/providers/src/provider.rs"), &mut read);
        }
        for name in LOCAL_ALONE {
            read.remove(name);
        }
        let unset: Vec<_> = read.difference(&own).collect();
        assert!(unset.is_empty(), "{function} reads {unset:?}, which template.yaml does not set");
        let unread: Vec<_> = own.difference(&read).collect();
        assert!(
            unread.is_empty(),
            "template.yaml sets {unread:?} for {function}, which reads none"
        );
    }
}

/// The variables that the template sets for this function alone.
fn own_variables(function: &str) -> BTreeSet<String> {
    let yaml = templates::yaml();
    let variables =
        &yaml["Resources"][logical_id(function)]["Properties"]["Environment"]["Variables"];
    let names = variables.as_mapping().into_iter().flat_map(|mapping| mapping.keys());
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Adds every text in the Rust files below `folder` that is spelt as variables are, but for
/// those that Cargo sets while it builds.
fn variables_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            variables_in(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            variables_of(&path, names);
        }
    }
}

fn variables_of(file: &Path, names: &mut BTreeSet<String>) {
    let code = std::fs::read_to_string(file).unwrap();
    names.extend(code.split('"').filter(|text| is_variable(text)).map(str::to_owned));
}

/// Whether the function calls providers: where they are is read in one place for all who do.
fn calls_providers(function: &str) -> bool {
    let code = std::fs::read_to_string(folder(function).join("src/lib.rs")).unwrap();
    code.contains("Providers::new")
}

fn is_variable(text: &str) -> bool {
    text.contains('_')
        && !text.starts_with("CARGO_")
        && text.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
}

#[test]
fn a_message_is_hidden_for_six_times_its_functions_timeout() {
    for function in &templates::resolved().functions {
        for mapping in &function.queues {
            let queues = &templates::resolved().queues;
            let queue = queues.iter().find(|queue| queue.name == mapping.queue).unwrap();
            let (hidden, least) = (queue.visibility_timeout, function.timeout * HIDDEN_FOR);
            assert!(hidden >= least, "{} hides for {hidden:?}, at least {least:?}", queue.name);
            let redrive = queue.redrive.as_ref();
            assert!(redrive.is_some(), "{} has no dead letter queue", queue.name);
            assert!(mapping.reports_failures, "{} does not report single failures", function.name);
        }
    }
}

#[test]
fn every_function_and_every_dead_letter_queue_has_an_alarm() {
    let yaml = templates::yaml();
    let resources = yaml["Resources"].as_mapping().unwrap();
    let alarms: Vec<_> =
        resources.values().filter(|one| one["Type"] == "AWS::CloudWatch::Alarm").collect();
    let watched = |metric: &str, about: &str| {
        alarms.iter().any(|alarm| {
            let properties = &alarm["Properties"];
            properties["MetricName"] == metric && dimension(properties) == Some(about)
        })
    };
    for function in functions() {
        let id = logical_id(&function);
        assert!(watched("Errors", &id), "no alarm on Errors of {id}");
    }
    let metric = "ApproximateNumberOfMessagesVisible";
    for (id, resource) in resources {
        let id = id.as_str().unwrap();
        if resource["Type"] == "AWS::SQS::Queue" && id.ends_with("DeadLetters") {
            let about = format!("{id}.QueueName");
            assert!(watched(metric, &about), "no alarm on {metric} of {id}");
        }
    }
}

/// What an alarm's first dimension refers to.
fn dimension(alarm: &Value) -> Option<&str> {
    match alarm["Dimensions"].get(0)?.get("Value")? {
        Value::Tagged(tagged) => tagged.value.as_str(),
        _ => None,
    }
}

#[test]
fn a_package_uses_what_its_role_allows() {
    for function in functions() {
        let manifest = std::fs::read_to_string(folder(&function).join("Cargo.toml")).unwrap();
        let allowed = permissions::allowed(&function);
        for (package, service) in [("store", "dynamodb:"), ("blobs", "s3:")] {
            // What a stream brings is read by `store`, with no call to the table.
            if package == "store" && !template_function(&function).streams.is_empty() {
                continue;
            }
            let uses = manifest.contains(&format!("\n{package}.workspace = true"));
            let may = allowed.iter().any(|action| action.starts_with(service));
            let words = if uses { "uses it" } else { "does not use it" };
            assert_eq!(uses, may, "{function} {words}: {package}, and its role allows {allowed:?}");
        }
    }
}

#[test]
fn a_function_behind_a_queue_knows_it_by_its_variable() {
    for name in functions() {
        for mapping in &template_function(&name).queues {
            let known = template_function(&name).environment.values();
            let known = known.filter(|value| value.ends_with(&format!("/{}", mapping.queue)));
            assert_eq!(known.count(), 1, "{name} is not told the URL of {}", mapping.queue);
        }
    }
}
