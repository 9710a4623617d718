//! Writes the description of the API, `functions/docs/src/openapi.json`.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../functions/docs/src/openapi.json");
    std::fs::write(&file, hookreel_openapi::text()?)?;
    Ok(())
}
