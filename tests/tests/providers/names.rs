//! Nothing outside a provider's folder and the registry knows its name.

use std::path::{Path, PathBuf};

use providers::registry;
use tests::templates;

/// What the product is made of. Its stand-ins and tools play providers, and name them.
const PRODUCT: [&str; 3] = ["functions", "shared", "infra/local/src"];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code of a file without its comments and its tests, which may show what a provider says.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_other_file_names_a_provider() {
    let root = templates::root();
    let providers = root.join("shared/providers/src");
    let mut files = Vec::new();
    for folder in PRODUCT {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 200, "only {} files", files.len());
    for provider in registry::PROVIDERS {
        let folder = provider.name().replace('-', "_");
        let settings = provider.settings();
        let account = settings.account.map(|(name, _)| name);
        let names = [
            format!("\"{}\"", provider.name()),
            format!("providers::{folder}"),
            provider.webhook_path().to_owned(),
        ];
        let variables = [settings.url, settings.key, settings.webhook_secret, settings.file_hosts];
        let variables =
            variables.into_iter().chain(account).chain(settings.options.iter().copied());
        // Quoted, since one may be the end of another's.
        let variables = variables.map(|name| format!("\"{name}\""));
        let names: Vec<_> = names.into_iter().chain(variables).collect();
        let is_own = |file: &&PathBuf| {
            file.starts_with(providers.join(&folder))
                || **file == providers.join("registry.rs")
                || file.ends_with("tests.rs")
        };
        for file in files.iter().filter(|file| !is_own(file)) {
            let code = code(file);
            // The film that a project is stitched to is part of the product, whoever makes it.
            let found: Vec<_> = names
                .iter()
                .filter(|name| name.as_str() != "\"stitch\"")
                .filter(|name| code.contains(name.as_str()))
                .collect();
            assert!(found.is_empty(), "{} names {found:?}", file.display());
        }
    }
}
