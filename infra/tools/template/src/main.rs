//! `hookreel-template [FILE]` prints the template as JSON, for the tools written in Python.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use hookreel_template::describe;
use template::Document;

fn main() -> ExitCode {
    let file = std::env::args().nth(1).unwrap_or_else(|| "template.yaml".to_owned());
    match json(Path::new(&file)) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn json(file: &Path) -> Result<String, Box<dyn Error>> {
    Ok(serde_json::to_string(&describe(&Document::read(file)?)?)?)
}
