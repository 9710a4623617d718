//! What the Markdown files refer to exists: relative links, and repository paths in backticks.
//! Contracts are named, and not by a number that nobody can look up.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tests::templates;

/// The folders at the root that hold our files. Everything else there is built or downloaded.
const FOLDERS: [&str; 8] =
    [".cargo", ".ci", "docs", "events", "functions", "infra", "shared", "tests"];
/// Folders inside them that tools fill.
const GENERATED: [&str; 3] = ["__pycache__", "node_modules", "target"];

#[test]
fn links_and_paths_in_documents_lead_to_files() {
    let root = templates::root();
    let is_markdown = |file: &PathBuf| file.extension() == Some(OsStr::new("md"));
    let mut documents = 0;
    let mut broken = Vec::new();
    for file in files().into_iter().filter(is_markdown) {
        documents += 1;
        let text = without_code_blocks(&std::fs::read_to_string(&file).unwrap());
        let folder = file.parent().unwrap();
        let links = links(&text).map(|link| folder.join(link));
        let paths = paths(&text).map(|path| root.join(path));
        let missing = links.chain(paths).filter(|target| !target.exists());
        broken.extend(missing.map(|target| (file.clone(), target)));
    }
    assert!(documents > 15, "only {documents} documents found");
    assert!(broken.is_empty(), "these lead nowhere: {broken:#?}");
}

/// `docs/CONTRACTS.md` has the names to use instead.
#[test]
fn contracts_are_referred_to_by_name() {
    let numbers = ["seed", "00"];
    let numbers = [" ", "_", "-"].map(|between| numbers.join(between));
    let text = |file: &PathBuf| std::fs::read_to_string(file).unwrap_or_default().to_lowercase();
    let files = files().into_iter();
    let numbered = files.filter(|file| numbers.iter().any(|number| text(file).contains(number)));
    assert_eq!(numbered.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

/// Every file of ours.
fn files() -> Vec<PathBuf> {
    let root = templates::root();
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    let mut files = entries(&root);
    files.retain(|path| path.is_file());
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            let name = path.file_name().unwrap_or_default();
            if !path.is_dir() {
                files.push(path);
            } else if !GENERATED.iter().any(|generated| name == *generated) {
                folders.push(path);
            }
        }
    }
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The text without what stands between lines of three backticks.
fn without_code_blocks(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The targets of relative links, without anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let relative = targets.map(|(target, _)| target).filter(|target| !target.contains("://"));
    relative.filter_map(|target| target.split('#').next()).filter(|target| !target.is_empty())
}

/// The code spans that are paths from the root.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|span| is_path(span))
}

/// Placeholders and globs contain other characters, and what tools make lies in other folders.
fn is_path(span: &str) -> bool {
    let is_plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let is_ours = if let Some((folder, _)) = span.split_once('/') {
        FOLDERS.contains(&folder)
    } else {
        let extension = Path::new(span).extension().and_then(OsStr::to_str);
        matches!(extension, Some("md" | "toml" | "txt" | "yaml"))
    };
    is_plain && is_ours
}
